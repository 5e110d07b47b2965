/** The `virtual_servers:` section: services and their real servers. */
import { schedulerFlags, schedulers } from '../model.js';
import { forwarding } from './forwarding.js';
import { healthCheck } from './health-check.js';
import { match } from './match.js';
import { notifyServers, quorumCommands } from './notify.js';
import { persistence } from './persistence.js';
import { damping, panic, slowStart } from './pool-policies.js';
import { addressGroup, ports, servicePort } from './targets.js';
import { list, mapping } from './kinds.js';
import { flag, ipAddress, named, oneOf, wholeNumber } from './values.js';

const weight = () => wholeNumber(0, 65_535);

const connections = () => wholeNumber(0, 0xffff_ffff);

export const realServer = mapping({
  address: ipAddress().describe('Address of the server'),
  port: wholeNumber(0, 65_535).optional().describe("Port; the service's by default. Only nat and fullnat can map ports"),
  weight: weight().prefault(1).describe('Share of the requests; 0 = no new connections'),
  forwarding: forwarding().optional().describe("Forwarding method of this server; the service's by default"),
  upper_threshold: connections().optional().describe('Connections at which it gets no new ones; 0 (the default) = no limit'),
  lower_threshold: connections().optional().describe('Connections below which it gets new ones again; 0 (the default) = three quarters of upper_threshold'),
  on_failure: oneOf(['remove', 'weight_zero']).optional().describe("What happens to this server when it fails; the service's by default"),
  slow_start: slowStart().describe("How long this server's weight rises when it is back; the service's by default"),
  notify: notifyServers().describe("Commands for this server instead of the service's"),
  health_check: healthCheck().optional().describe("Health check of this server: what it does not say it inherits from the service's"),
});

export const virtualServer = mapping({
  name: named().describe('Name of the service: in the log and in status'),
  address: ipAddress().optional().describe('Virtual IP address of the service (or addresses, or fwmark)'),
  addresses: addressGroup().optional().describe('A group of addresses, ranges, and addresses with ports of their own, which share one pool of servers'),
  fwmark: wholeNumber(1, 0xffff_ffff).optional().describe('Firewall mark: the service takes every packet that bears it'),
  match: match().optional().describe('With fwmark: the packets that the daemon marks with it, by rules of its own, such as ["192.0.2.10:80", "192.0.2.10:443"]; without it someone else sets the mark'),
  family: oneOf(['ipv4', 'ipv6']).optional().describe('With fwmark: address family; by default that of match, or else of the first real server'),
  port: servicePort().optional().describe('Port; 0 = every port, which needs persistence'),
  ports: ports().optional().describe('Several ports and ranges instead of one, such as [80, 443, "8000-8010"]'),
  protocol: oneOf(['tcp', 'udp', 'sctp']).prefault('tcp').describe('Transport protocol'),
  scheduler: oneOf(schedulers).prefault('wlc').describe('Scheduling algorithm of IPVS'),
  scheduler_flags: list(oneOf(schedulerFlags), 'a list of fallback and port').prefault([]).describe('sh, mh: fallback = another server in place of one of weight 0; port = hash the port of the client too'),
  one_packet: flag().prefault(false).describe('UDP: every packet is scheduled for itself, without a connection'),
  forwarding: forwarding().describe('How packets reach the real servers: dr (direct routing), nat, tun (tunnel: ipip, gre, gue) or fullnat (NAT whose real servers see the director as the client and need no route back through it)'),
  persistence: persistence().optional().describe('Keep a client on its server: a mapping, a duration, or true (360s)'),
  helper: oneOf(['ftp']).optional().describe('ftp: load the kernel module ip_vs_ftp, which follows the data connections of FTP (forwarding: nat, port 21)'),
  quorum: mapping({
    weight: wholeNumber(0).prefault(1).describe('Sum of the weights of healthy servers that the service needs; under it the sorry server takes over'),
    hysteresis: wholeNumber(0).prefault(0).describe('The sum must pass the quorum by this much to count as gained or lost'),
    ...quorumCommands(),
  })
    .prefault({})
    .describe('When the service counts as up'),
  sorry_server: mapping({
    address: ipAddress().describe('Address of the sorry server'),
    port: wholeNumber(0, 65_535).optional().describe("Port; the service's by default"),
    forwarding: forwarding().optional().describe("Forwarding method; the service's by default"),
    on_recovery: oneOf(['remove', 'weight_zero']).prefault('remove').describe('What becomes of it when the quorum is back: out of the table once its connections have ended (30 s at most), or there with weight 0 as long as the quorum holds (its connections go on)'),
    health_check: healthCheck().optional().describe("Health check of its own, of which nothing is inherited from the service's; while it fails, the service is as one without a sorry server. Not checked by default"),
  })
    .optional()
    .describe('Takes the requests while the quorum is lost'),
  on_failure: oneOf(['remove', 'weight_zero']).prefault('remove').describe('What happens to a failed server: out of the table, or weight 0 (its connections go on)'),
  on_stop: oneOf(['keep', 'remove']).optional().describe('What an orderly stop does to this service in the kernel; as ipvs.on_stop by default'),
  initial: oneOf(['down', 'up']).prefault('down').describe('What a real server counts as until its first verdict; down: one that is in the table already stays there'),
  slow_start: slowStart().describe('How long the weight of a real server rises, in ten steps, when it is back; at once by default'),
  damping: damping().describe('Flap damping: a real server whose verdict changes too often is held down; off by default'),
  panic: panic().describe('Panic threshold: when too many real servers fail at once, keep sending to them; off by default'),
  notify: notifyServers().describe('Commands that are run when a real server is found up or down'),
  health_check: healthCheck().optional().describe('Health check that every real server inherits, key by key'),
  real_servers: list(realServer, 'a list of real servers').prefault([]).describe('The servers that do the work'),
}).remembered();

