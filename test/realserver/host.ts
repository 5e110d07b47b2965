/** A host as `tandem realserver` finds it, to be varied. */
import type { InterfaceAddress, Link } from '../../src/network/rtnetlink.js';
import { type HostFacts, linkNamed } from '../../src/realserver/facts.js';
import { type Made, madeAfter, madeBefore, nothingMade, stillNeeded } from '../../src/realserver/made.js';
import { needsOf } from '../../src/realserver/needs.js';
import { planOf, undoingSteps } from '../../src/realserver/plan.js';
import { describeStep, type Step } from '../../src/realserver/step.js';
import type { VipWish, Wishes } from '../../src/realserver/wishes.js';
import { type ArpRules, parseArpRules } from '../../src/network/arp-rules.js';

const noRules: ArpRules = parseArpRules('');

export const link = (index: number, name: string, up = true): Link => ({ index, name, hardwareAddress: Buffer.alloc(0), up, running: up, arp: name.startsWith('e'), mtu: 1500 });
export const address = (index: number, text: string): InterfaceAddress => {
  const [plain = '', length] = text.split('/');
  return { index, address: plain, prefixLength: Number(length), label: undefined, secondary: false, tentative: false };
};

/** lo, e0 with 10.0.0.11, and tunl0, down; every setting 0. */
export const freshHost: HostFacts = {
  links: [link(1, 'lo'), link(2, 'e0'), link(3, 'tunl0', false)],
  addresses: [address(1, '127.0.0.1/8'), address(2, '10.0.0.11/24')],
  settings: new Map(['all', 'default', 'lo', 'e0', 'tunl0'].flatMap((device) => ['arp_ignore', 'arp_announce', 'rp_filter'].map((name) => [`ipv4/conf/${device}/${name}`, '0'] as const))),
  arpRules: noRules,
  services: new Set(),
  modulesMissing: ['ipip', 'sit', 'ip6_tunnel', 'ip_gre', 'ip6_gre', 'fou', 'fou6'],
};

export const withSettings = (facts: HostFacts, values: Readonly<Record<string, string>>): HostFacts => ({ ...facts, settings: new Map([...facts.settings, ...Object.entries(values)]) });

export const wish = (vips: readonly VipWish[], more: Partial<Wishes> = {}): Wishes => ({ vips, arpMethod: 'sysctl', interfaces: [{ name: 'e0', source: '10.0.0.11' }], modprobe: ['/sbin/modprobe'], ...more });
export const dr = (...addresses: readonly string[]): readonly VipWish[] => addresses.map((each) => ({ address: each, method: 'dr' }));

/** What a host is after a step, as the kernel has it. */
const after = (facts: HostFacts, step: Step): HostFacts => {
  const indexOf = (name: string): number => linkNamed(facts, name)?.index ?? 0;
  switch (step.kind) {
    case 'load_module':
      return facts;
    case 'create_device':
      return { ...facts, links: [...facts.links, link(100 + facts.links.length, step.device, false)] };
    case 'delete_device':
      return { ...facts, links: facts.links.filter(({ name }) => name !== step.device), settings: new Map([...facts.settings].filter(([path]) => !path.includes(`/${step.device}/`))) };
    case 'raise':
    case 'lower':
      return { ...facts, links: facts.links.map((each) => (each.name === step.device ? { ...each, up: step.kind === 'raise' } : each)) };
    case 'open_port':
      return { ...facts, fouPorts: [...(facts.fouPorts ?? []), step.port] };
    case 'close_port':
      return { ...facts, fouPorts: (facts.fouPorts ?? []).filter(({ port, family }) => port !== step.port.port || family !== step.port.family) };
    case 'set':
    case 'put_back':
      return withSettings(facts, { [step.path]: step.value });
    case 'arp_rules': {
      const added = (chain: string): readonly string[] | undefined => (step.removed ? undefined : step.commands.filter(([verb, name]) => verb === '-A' && name === chain).map((command) => command.slice(2).join(' ')));
      const [input, output] = [added('TANDEM-ARP-IN'), added('TANDEM-ARP-OUT')];
      return { ...facts, arpRules: { input: { rules: input, jumps: input ? 1 : 0 }, output: { rules: output, jumps: output ? 1 : 0 } } };
    }
    case 'add_address':
      return { ...facts, addresses: [...facts.addresses, address(indexOf(step.place.device), `${step.place.address}/${step.place.prefixLength}`)] };
    case 'remove_address':
      return { ...facts, addresses: facts.addresses.filter((each) => each.address !== step.place.address || each.index !== indexOf(step.place.device)) };
  }
};

/** `tandem realserver` on a host in memory. */
export class MemoryHost {
  made: Made = nothingMade;

  constructor(public facts: HostFacts = freshHost) {}

  /** @returns what was done, in words */
  apply(...wishes: readonly Wishes[]): readonly string[] {
    return this.change(wishes, (plan) => plan.steps);
  }

  /** @param left what other names still wish */
  remove(...left: readonly Wishes[]): readonly string[] {
    return this.change(left, undoingSteps);
  }

  problems(...wishes: readonly Wishes[]): readonly string[] {
    return planOf(needsOf(wishes), this.facts, this.made).problems;
  }

  private change(wishes: readonly Wishes[], stepsOf: (plan: ReturnType<typeof planOf>) => readonly Step[]): readonly string[] {
    const needs = needsOf(wishes);
    const steps = stepsOf(planOf(needs, this.facts, this.made));
    const began = madeBefore(this.made, steps);
    this.facts = steps.reduce(after, this.facts);
    this.made = stillNeeded(madeAfter(began, steps), needs);
    return steps.flatMap((step) => describeStep(step).split('\n'));
  }
}

