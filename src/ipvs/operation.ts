/** One change of the kernel's IPVS table: as data, as a request, and in words. */
import type { Tunnel } from '../config/model.js';
import { onceForEach } from '../config/once-for-each.js';
import { encodeAttributes, NLA_F_NESTED } from '../network/netlink-attributes.js';
import { toSeconds } from '../time/microseconds.js';
import * as ipvs from './constants.js';
import { type DestinationEntry, type DestinationSelector, destinationKey, encodeDestinationContent, encodeDestinationSelector } from './destination.js';
import type { Request } from './message.js';
import { encodeService, encodeServiceSelector, type Service, serviceKey, type ServiceSelector, type ServiceSettings } from './service.js';

export type Operation =
  | { readonly type: 'add_service'; readonly service: Service }
  | { readonly type: 'edit_service'; readonly service: Service; readonly before: ServiceSettings }
  | { readonly type: 'delete_service'; readonly service: ServiceSelector }
  | { readonly type: 'add_destination'; readonly service: ServiceSelector; readonly destination: DestinationEntry }
  | { readonly type: 'edit_destination'; readonly service: ServiceSelector; readonly destination: DestinationEntry; readonly before: DestinationEntry }
  | { readonly type: 'delete_destination'; readonly service: ServiceSelector; readonly destination: DestinationSelector };

export interface OperationFailure {
  readonly operation: Operation;
  /** errno's name: EEXIST and ESRCH (service), EEXIST and ENOENT (destination) mean that the table was not as it was read */
  readonly code: string;
}

const commands: Readonly<Record<Operation['type'], number>> = {
  add_service: ipvs.IPVS_CMD_NEW_SERVICE,
  edit_service: ipvs.IPVS_CMD_SET_SERVICE,
  delete_service: ipvs.IPVS_CMD_DEL_SERVICE,
  add_destination: ipvs.IPVS_CMD_NEW_DEST,
  edit_destination: ipvs.IPVS_CMD_SET_DEST,
  delete_destination: ipvs.IPVS_CMD_DEL_DEST,
};

/** One service has many destinations. */
const selectorContent = onceForEach((service: ServiceSelector): Buffer => encodeAttributes(encodeServiceSelector(service)));

const attributesOf = (operation: Operation): Request['attributes'] => {
  const { IPVS_CMD_ATTR_SERVICE: service, IPVS_CMD_ATTR_DEST: destination } = ipvs;
  switch (operation.type) {
    case 'add_service':
    case 'edit_service':
      return [{ type: service, value: encodeService(operation.service) }];
    case 'delete_service':
      return [{ type: service, value: encodeServiceSelector(operation.service) }];
    case 'add_destination':
    case 'edit_destination':
      return [
        { type: service | NLA_F_NESTED, value: selectorContent(operation.service) },
        { type: destination | NLA_F_NESTED, value: encodeDestinationContent(operation.destination) },
      ];
    case 'delete_destination':
      return [
        { type: service | NLA_F_NESTED, value: selectorContent(operation.service) },
        { type: destination, value: encodeDestinationSelector(operation.destination) },
      ];
  }
};

export const encodeOperation = (operation: Operation): Request => ({ command: commands[operation.type], attributes: attributesOf(operation) });

type Facts = readonly (readonly [name: string, value: string])[];

const serviceFacts = ({ scheduler, persistence, onePacket, schedulerFlags, persistenceEngine }: ServiceSettings): Facts => [
  ['scheduler', scheduler],
  ['persistence', persistence ? `${toSeconds(persistence.timeout)} s netmask ${persistence.netmask}` : 'none'],
  ['one-packet', onePacket ? 'yes' : 'none'],
  ['scheduler flags', schedulerFlags === 0 ? 'none' : `0x${schedulerFlags.toString(16)}`],
  ['persistence engine', persistenceEngine ?? 'none'],
];

const tunnelWords = ({ type, port, checksum }: Tunnel): string => `${type}${port === 0 ? '' : ` port ${port}`}${checksum === 'none' ? '' : ` checksum ${checksum}`}`;

const destinationFacts = ({ weight, forwarding, tunnel, upperThreshold, lowerThreshold }: DestinationEntry): Facts => [
  ['weight', String(weight)],
  ['', forwarding],
  ['tunnel', tunnel && tunnel.type !== 'ipip' ? tunnelWords(tunnel) : 'none'],
  ['upper threshold', upperThreshold ? String(upperThreshold) : 'none'],
  ['lower threshold', lowerThreshold ? String(lowerThreshold) : 'none'],
];

const list = (facts: Facts): string =>
  facts
    .filter(([, value]) => value !== 'none')
    .map(([name, value]) => `${name} ${value}`.trim())
    .join(' ');

const differences = (before: Facts, after: Facts): string =>
  after
    .flatMap(([name, value], index) => {
      const old = before[index]?.[1] ?? 'none';
      return old === value ? [] : [`${name} ${old} -> ${value}`.trim()];
    })
    .join(', ');

/** For a line of the log, e.g. `10.0.0.100:80/tcp: added 10.0.0.11:80 weight 1 dr`. */
export const describe = (operation: Operation): string => {
  const service = serviceKey(operation.service);
  switch (operation.type) {
    case 'add_service':
      return `${service}: added, ${list(serviceFacts(operation.service))}`;
    case 'edit_service':
      return `${service}: changed, ${differences(serviceFacts(operation.before), serviceFacts(operation.service))}`;
    case 'delete_service':
      return `${service}: deleted`;
    case 'add_destination':
      return `${service}: added ${destinationKey(operation.destination)} ${list(destinationFacts(operation.destination))}`;
    case 'edit_destination':
      return `${service}: changed ${destinationKey(operation.destination)} ${differences(destinationFacts(operation.before), destinationFacts(operation.destination))}`;
    case 'delete_destination':
      return `${service}: deleted ${destinationKey(operation.destination)}`;
  }
};
