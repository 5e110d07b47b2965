/** The host's firewall as its own programs print it: both back ends of iptables, nft, arptables. Read only: nothing is loaded by asking. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { release } from 'node:os';
import { inWords } from '../control/in-words.js';
import { childEnvironment } from '../supervisor/environment.js';
import type { FirewallFacts, Unseen } from './facts.js';

const timeoutMilliseconds = 10_000;

/** `missing`: the program, or in the kernel what it asks. */
type Printed = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly missing: boolean; readonly problem: string };

/** What iptables-nft and nft say where the kernel has no nf_tables, or no netfilter over netlink at all. */
const withoutKernel = /not supported|Invalid argument/;

const print = (program: string, args: readonly string[] = []): Promise<Printed> =>
  new Promise((resolve) => {
    execFile(program, args, { timeout: timeoutMilliseconds, env: childEnvironment(), maxBuffer: 256 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error === null) resolve({ ok: true, text: stdout });
      else resolve({ ok: false, missing: error.code === 'ENOENT' || withoutKernel.test(stderr), problem: `${[program, ...args].join(' ')}: ${stderr.trim().split('\n')[0] || inWords(error)}` });
    });
  });

const text = async (path: string): Promise<string> => {
  try {
    return await readFile(path, 'latin1');
  } catch {
    return '';
  }
};

/** nf_tables is there already, or there is no module that a question could load. */
const canAskNft = async (): Promise<boolean> => existsSync('/sys/module/nf_tables') || !(await text(`/lib/modules/${release()}/modules.dep`)).includes('/nf_tables.ko');

interface Dump {
  readonly facts: FirewallFacts;
  readonly unseen: readonly Unseen[];
}

const install = 'install the package iptables (or nftables), and run tandem doctor as root';

export const dumpFirewall = async (): Promise<Dump> => {
  const unseen: Unseen[] = [];
  const saved: FirewallFacts['saved'][number][] = [];
  let arp = '';
  const take = async (family: 'ipv4' | 'ipv6' | 'arp', names: readonly string[]): Promise<string | undefined> => {
    for (const name of names) {
      const printed = await print(name);
      if (printed.ok) {
        if (family === 'arp') arp += printed.text;
        else saved.push({ family, program: name.replace('-save', ''), text: printed.text });
        return printed.text;
      }
      if (!printed.missing) {
        unseen.push({ what: 'firewall', problem: printed.problem, remedy: install });
        return undefined;
      }
    }
    return undefined;
  };
  // x_tables: the kernel lists the tables that exist in this namespace, and what does not exist is not asked for
  for (const [family, file, names] of [
    ['ipv4', 'ip_tables_names', ['iptables-legacy-save', 'iptables-save']],
    ['ipv6', 'ip6_tables_names', ['ip6tables-legacy-save', 'ip6tables-save']],
    ['arp', 'arp_tables_names', ['arptables-legacy-save', 'arptables-save']],
  ] as const) {
    if ((await text(`/proc/net/${file}`)).trim() === '') continue;
    if ((await take(family, names)) === undefined && !unseen.some(({ what }) => what === 'firewall')) unseen.push({ what: 'firewall', problem: `the kernel has rules of iptables (/proc/net/${file}), and ${names[0]} is not there to show them`, remedy: install });
  }
  if (!(await canAskNft())) return { facts: { saved, nft: undefined, arp }, unseen };
  const texts = [await take('ipv4', ['iptables-nft-save']), await take('ipv6', ['ip6tables-nft-save']), await take('arp', ['arptables-nft-save'])];
  const nft = await print('nft', ['-j', 'list', 'ruleset']);
  if (nft.ok) return { facts: { saved, nft: nft.text, arp }, unseen };
  // without nft iptables-nft-save tells of tables that it cannot show
  const hidden = texts.some((each) => each?.includes('incompatible, use') === true);
  if (!nft.missing || hidden) unseen.push({ what: 'firewall', problem: nft.missing ? 'there are tables of nftables, and nft is not there to show them' : nft.problem, remedy: install });
  return { facts: { saved, nft: undefined, arp }, unseen };
};
