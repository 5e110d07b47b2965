/** One change of the kernel's IPVS table: as data, as a message, and in words. */
import type { Tunnel } from '../config/model.js';
import { onceInARow } from '../config/once-in-a-row.js';
import { type Attribute, NLA_F_NESTED } from '../network/netlink-attributes.js';
import { toSeconds } from '../time/microseconds.js';
import * as ipvs from './constants.js';
import { anyDestinationContent, type DestinationEntry, type DestinationSelector, destinationKey, encodeDestinationSelector, writeDestination } from './destination.js';
import { encodeRequest } from './message.js';
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

const ofDestination = (operation: Operation['type'], service: ServiceSelector, destination: Attribute): Buffer =>
  encodeRequest({ command: commands[operation], attributes: [{ type: ipvs.IPVS_CMD_ATTR_SERVICE, value: encodeServiceSelector(service) }, destination] });

const anyOne: Attribute = { type: ipvs.IPVS_CMD_ATTR_DEST | NLA_F_NESTED, value: anyDestinationContent };

/** One service has many destinations, which come one after the other: their messages are copies of one. */
const toAdd = onceInARow((service: ServiceSelector) => ofDestination('add_destination', service, anyOne));
const toEdit = onceInARow((service: ServiceSelector) => ofDestination('edit_destination', service, anyOne));

export const encodeOperation = (operation: Operation): Buffer => {
  switch (operation.type) {
    case 'add_service':
    case 'edit_service':
      return encodeRequest({ command: commands[operation.type], attributes: [{ type: ipvs.IPVS_CMD_ATTR_SERVICE, value: encodeService(operation.service) }] });
    case 'delete_service':
      return encodeRequest({ command: commands.delete_service, attributes: [{ type: ipvs.IPVS_CMD_ATTR_SERVICE, value: encodeServiceSelector(operation.service) }] });
    case 'add_destination':
    case 'edit_destination': {
      const message = Buffer.from((operation.type === 'add_destination' ? toAdd : toEdit)(operation.service));
      writeDestination(message, operation.destination);
      return message;
    }
    case 'delete_destination':
      return ofDestination('delete_destination', operation.service, { type: ipvs.IPVS_CMD_ATTR_DEST, value: encodeDestinationSelector(operation.destination) });
  }
};

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
