/** `tandem counters` for people: every instance's counters in groups; what is wrong is marked. Pure. */
import type { InstanceStatus, ProcessStatus } from './status.js';
import { paint, shorten, wrap } from './table.js';

export interface CountersOptions {
  readonly colours: boolean;
  readonly columns?: number;
}

/** The part of the status that counts. */
export interface Counted {
  readonly instances: readonly Pick<InstanceStatus, 'name' | 'interface' | 'virtual_router_id' | 'state' | 'counters'>[];
  readonly processes: readonly Pick<ProcessStatus, 'name' | 'restarts' | 'dropped_messages'>[];
}

/** In this order; a counter belongs to the first group that takes it, and the last takes all. */
const groups: readonly { readonly title: string; readonly takes: RegExp }[] = [
  { title: 'rejected', takes: /^rejected\./ },
  { title: 'transitions', takes: /^to_(master|backup|fault|init)$/ },
  { title: 'sent', takes: /^(advertisements_(not_)?sent|priority_zero_sent)$/ },
  { title: 'received', takes: /(_received|^checksum\..*|^address_list_differs|^advertisement_interval_differs)$/ },
  { title: 'announced', takes: /^(garp|na|neighbour)_/ },
  { title: 'other', takes: /^/ },
];

/**
 * What should not be: packets that were not accepted, what could not be sent or done, what came twice or from the wrong place.
 * An unknown virtual router ID is another router's traffic, and its neighbour's right.
 */
const isWrong = (counter: string): boolean =>
  counter !== 'rejected.unknown_virtual_router_id' &&
  /^rejected\.|^unverified\.|error|failed|not_sent|dropped|timeout|stall|split_brain|conflict|replay|_differs$|put_back|^to_fault$/.test(counter);

const label = (counter: string, title: string): string => {
  const words = counter.replaceAll('_', ' ').replaceAll('.', ' ');
  return words.startsWith(`${title} `) ? words.slice(title.length + 1) : words.replace(new RegExp(` ${title}$`), '').replace(/^garp /, 'gratuitous ARP ');
};

const titleWidth = Math.max(...groups.map(({ title }) => title.length));

/** Whole items in lines of at most `width` characters. */
const fill = (items: readonly string[], width: number): readonly string[] => {
  const lines: string[] = [];
  for (const item of items) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 3 + item.length <= width) lines[lines.length - 1] = `${last}   ${item}`;
    else lines.push(item);
  }
  return lines;
};

const groupLines = (title: string, counters: readonly (readonly [string, number])[], wrong: boolean, { colours, columns = 100 }: CountersOptions): readonly string[] => {
  const items = counters.map(([counter, value]) => `${label(counter, title)} ${value}`);
  return fill(items, columns - titleWidth - 6).map((line, index) => {
    const head = index === 0 ? title.padEnd(titleWidth) : ''.padEnd(titleWidth);
    return paint(`${wrong ? '! ' : '  '}${head}  ${line}`, wrong ? 'red' : undefined, colours);
  });
};

const instanceLines = (instance: Counted['instances'][number], options: CountersOptions): readonly string[] => {
  const { name, state, interface: interfaceName, virtual_router_id: virtualRouterId, counters } = instance;
  const counted = Object.entries(counters).filter(([, value]) => value !== 0);
  const grouped = groups.map(({ title }) => ({ title, counters: counted.filter(([counter]) => groups.find(({ takes }) => takes.test(counter))?.title === title) }));
  const lines = [false, true].flatMap((wrong) =>
    grouped.flatMap(({ title, counters: all }) => groupLines(title, all.filter(([counter]) => isWrong(counter) === wrong), wrong, options)),
  );
  const about = `  ${state}, ${interfaceName}, virtual router ${virtualRouterId}`;
  return [paint(shorten(name, 40), 'bold', options.colours) + about, ...(lines.length > 0 ? lines : ['  nothing counted yet'])];
};

const processLines = ({ processes }: Counted, { colours, columns = 100 }: CountersOptions): readonly string[] => {
  const troubled = processes.filter(({ restarts, dropped_messages: dropped }) => restarts > 0 || dropped > 0);
  return troubled.flatMap(({ name, restarts, dropped_messages: dropped }) =>
    wrap(`! process ${name}: started again ${restarts} times, ${dropped} messages dropped`, columns).map((line) => paint(line, 'red', colours)),
  );
};

/** Lines of at most `columns` (100) characters, without a newline at the end; counters that are 0 are left out. */
export const formatCounters = (counted: Counted, options: CountersOptions): string => {
  const troubles = processLines(counted, options);
  const blocks = [...(troubles.length > 0 ? [troubles] : []), ...counted.instances.map((instance) => instanceLines(instance, options))];
  return blocks.length === 0 ? 'no instances' : blocks.map((block) => block.join('\n')).join('\n\n');
};
