/**
 * Asks by ARP and Neighbour Solicitation who has addresses, as any host on the segment may: `node ask-segment.mjs INTERFACE LAST ADDRESS...`.
 * LAST is asked for at the end, and has to be answered; since what is asked is answered in order, whoever was silent until then stays so.
 * Prints those that were answered.
 */
import { networkInterfaces } from 'node:os';
import { ArpWatch } from '../../dist/network/arp-watch.js';
import { NeighbourWatch } from '../../dist/network/neighbour-watch.js';
import { readNetwork } from '../../dist/realserver/host.js';

const [name, last, ...addresses] = process.argv.slice(2);
const link = (await readNetwork()).links.find((each) => each.name === name);
const asked = [...addresses, last];
const isIPv6 = last.includes(':');
const watch = isIPv6 ? new NeighbourWatch(link) : new ArpWatch(link);
const answered = new Set();
if (isIPv6) {
  const own = () => (networkInterfaces()[name] ?? []).find(({ address }) => address.startsWith('fe80:'))?.address;
  while (own() === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
  const source = own();
  for (const address of asked) watch.ask(link.hardwareAddress, source, address);
} else {
  watch.listen(asked);
  for (const address of asked) watch.ask(link.hardwareAddress, address);
}
for (let waited = 0; !answered.has(last); waited += 5) {
  if (waited > 15_000) throw new Error(`${last} is not answered`);
  await new Promise((resolve) => setTimeout(resolve, 5));
  for (const heard of watch.heard()) answered.add(isIPv6 ? heard.target : heard.senderAddress);
}
console.log([...answered].sort().join(' '));
