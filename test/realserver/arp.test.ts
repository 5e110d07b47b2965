/** Silence about addresses of another interface: what the kernel's settings make of it, and rules in its place. */
import { describe, expect, it } from 'vitest';
import { arpCommands, parseArpRules, silenceRules } from '../../src/network/arp-rules.js';
import { announcesOthers, answersForOthers, dropsTunnelled } from '../../src/realserver/arp-silence.js';

describe('settings', () => {
  const read = (all: string, own: string) => (path: string) => (path.includes('/all/') ? all : own);

  it.each([['0', '0', true], ['1', '0', false], ['0', '1', false], ['2', '1', false], ['1', '3', true], ['0', '8', false], ['0', '4', true]])('arp_ignore %s for all and %s for the interface: answers for others: %s', (all, own, answers) => {
    expect(answersForOthers(read(all, own), 'e0')).toBe(answers);
  });

  it('the higher number counts for arp_announce and rp_filter too', () => {
    expect([announcesOthers(read('0', '1'), 'e0'), announcesOthers(read('2', '0'), 'e0'), announcesOthers(() => undefined, 'e0')]).toEqual([true, false, true]);
    expect([dropsTunnelled(read('1', '0'), 'tunl0'), dropsTunnelled(read('1', '2'), 'tunl0'), dropsTunnelled(read('0', '0'), 'tunl0')]).toEqual([true, false, false]);
  });
});

/** `arptables-legacy -n -L` 0.0.5 and `arptables-nft -n -L` 1.8.9, with the same rules. */
const legacy = `Chain INPUT (policy ACCEPT)
-j TANDEM-ARP-IN \n
Chain OUTPUT (policy ACCEPT)
-j TANDEM-ARP-OUT \n
Chain FORWARD (policy ACCEPT)

Chain TANDEM-ARP-IN (1 references)
-j DROP -d 192.0.2.1 \n
Chain TANDEM-ARP-OUT (1 references)
-j mangle -o e0 -s 192.0.2.1 --mangle-ip-s 10.0.0.11 \n-j DROP -s 192.0.2.1 
`;
const nft = legacy.replaceAll(' \n', '\n').replace('Chain FORWARD (policy ACCEPT)\n\n', '');

const add = (...addresses: readonly string[]) => {
  const rules = addresses.map((address) => silenceRules(address, [{ name: 'e0', source: '10.0.0.11' }]));
  return { input: rules.flatMap(({ input }) => input), output: rules.flatMap(({ output }) => output) };
};

describe('rules', () => {
  it.each([['legacy', legacy], ['nft', nft]])('that are right are known again in what %s prints', (_, listing) => {
    expect(arpCommands(parseArpRules(listing), add('192.0.2.1'))).toEqual([]);
  });

  it('of other addresses stay as they are without a gap when one comes or goes', () => {
    expect(arpCommands(parseArpRules(nft), add('192.0.2.1', '192.0.2.2')).map((command) => command.join(' '))).toEqual([
      '-A TANDEM-ARP-IN -j DROP -d 192.0.2.2',
      '-A TANDEM-ARP-OUT -j mangle -o e0 -s 192.0.2.2 --mangle-ip-s 10.0.0.11',
      '-A TANDEM-ARP-OUT -j DROP -s 192.0.2.2',
    ]);
    expect(arpCommands(parseArpRules(nft), add('192.0.2.2')).map((command) => command.slice(0, 2).join(' '))).toEqual(['-D TANDEM-ARP-IN', '-A TANDEM-ARP-IN', '-D TANDEM-ARP-OUT', '-D TANDEM-ARP-OUT', '-A TANDEM-ARP-OUT', '-A TANDEM-ARP-OUT']);
  });

  it('that someone has emptied, or jumps twice to, are put right', () => {
    const emptied = nft.replace('-j TANDEM-ARP-IN\n', '').replace('-j DROP -d 192.0.2.1\n', '');
    expect(arpCommands(parseArpRules(emptied), add('192.0.2.1'))).toEqual([['-A', 'TANDEM-ARP-IN', '-j', 'DROP', '-d', '192.0.2.1'], ['-I', 'INPUT', '-j', 'TANDEM-ARP-IN']]);
    expect(arpCommands(parseArpRules(nft.replace('-j TANDEM-ARP-IN\n', '-j TANDEM-ARP-IN\n-j TANDEM-ARP-IN\n')), add('192.0.2.1'))).toEqual([['-D', 'INPUT', '-j', 'TANDEM-ARP-IN']]);
  });

  it('are removed with their chains and jumps, and nothing is run where there are none', () => {
    expect(arpCommands(parseArpRules(nft), add()).map((command) => command.join(' '))).toEqual(['-D INPUT -j TANDEM-ARP-IN', '-F TANDEM-ARP-IN', '-X TANDEM-ARP-IN', '-D OUTPUT -j TANDEM-ARP-OUT', '-F TANDEM-ARP-OUT', '-X TANDEM-ARP-OUT']);
    expect(arpCommands(parseArpRules('Chain INPUT (policy ACCEPT)\n-j DROP -s 10.9.9.9\n'), add())).toEqual([]);
  });
});
