/** The table as `ipvsadm -S` writes it: rules that `ipvsadm -R` reads. Like there, without thresholds. Pure. */
import { toSeconds } from '../../time/microseconds.js';
import type { Destination } from '../destination.js';
import type { Service, ServiceSelector } from '../service.js';
import { endpointText, type Names } from './names.js';
import { flagNames, inOrder, markText, protocolOf, shownMask, type ViewEntry } from './words.js';

const protocolOptions = { tcp: '-t', udp: '-u', sctp: '--sctp-service' } as const;

const selectorText = (service: ServiceSelector, names: Names): string =>
  'fwmark' in service
    ? `-f ${markText(service.fwmark)}${service.family === 'ipv6' ? ' -6' : ''}`
    : `${protocolOptions[service.protocol]} ${endpointText(names, service.address, service.port, service.protocol)}`;

const serviceRule = (service: Service, names: Names): string => {
  const { scheduler, persistence, persistenceEngine, onePacket } = service;
  const mask = shownMask(service);
  const flags = flagNames(service);
  return [
    `-A ${selectorText(service, names)} -s ${scheduler}`,
    ...(persistence ? [`-p ${toSeconds(persistence.timeout)}`] : []),
    ...(mask === undefined ? [] : [`-M ${mask}`]),
    ...(persistenceEngine === undefined ? [] : [`--pe ${persistenceEngine}`]),
    ...(onePacket ? ['-o'] : []),
    ...(flags === undefined ? [] : [`-b ${flags}`]),
  ].join(' ');
};

// what the kernel delivers to itself is written as direct routing; for `bypass` ipvsadm has no option
const methodOptions: Readonly<Record<Destination['forwarding'], string>> = { nat: '-m', local: '-g', tun: '-i', dr: '-g', bypass: '-g' };
const checksumOptions = { none: '--tun-nocsum', plain: '--tun-csum', remote: '--tun-remcsum' } as const;

const tunnelOptions = ({ forwarding, tunnel }: Destination): string => {
  if (forwarding !== 'tun') return '';
  if (tunnel === undefined || tunnel.type === 'ipip') return ' --tun-type ipip';
  return ` --tun-type ${tunnel.type}${tunnel.type === 'gue' ? ` --tun-port ${tunnel.port}` : ''} ${checksumOptions[tunnel.checksum]}`;
};

export const formatRules = (table: readonly ViewEntry[], names: Names): string =>
  inOrder(table, true)
    .flatMap(({ service, destinations }) => [
      serviceRule(service, names),
      ...destinations.map((destination) => {
        const server = endpointText(names, destination.address, destination.port, protocolOf(service));
        return `-a ${selectorText(service, names)} -r ${server} ${methodOptions[destination.forwarding]} -w ${destination.weight}${tunnelOptions(destination)}`;
      }),
    ])
    .map((line) => `${line}\n`)
    .join('');
