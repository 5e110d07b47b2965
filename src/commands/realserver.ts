/** The commands of `tandem realserver`: what a host that is a real server by dr or tun needs. They need no daemon and no raw socket. */
import { isIPv4, isIPv6 } from 'node:net';
import { type Command, Option } from 'commander';
import type { RealServerHost } from '../realserver/operate.js';
import type { Step } from '../realserver/step.js';
import type { ArpMethod, VipWish, Wishes } from '../realserver/wishes.js';
import type { Tools } from './operate.js';

const printError = (text: string): void => void process.stderr.write(`${text}\n`);

interface WishOptions {
  readonly from?: string;
  readonly method?: 'dr' | 'tun';
  readonly tunnel?: 'ipip' | 'gre' | 'gue';
  readonly guePort?: string;
  readonly greChecksum?: boolean;
  readonly address?: string;
  readonly interface?: readonly string[];
  readonly arpMethod: ArpMethod;
}

interface CommonOptions {
  readonly name?: string;
  readonly stateDir: string;
  readonly dryRun?: boolean;
}

const defaultName = 'default';

export const addRealServerCommands = (program: Command, tools: Tools): void => {
  const realserver = program.command('realserver').description('make this host a real server by dr or tun: its virtual addresses, and silence about them');
  const own = (name: string, description: string): Command =>
    realserver
      .command(name)
      .description(description)
      .option('--name <name>', `what it is kept under; what several names need is undone with the last of them (default: ${defaultName})`)
      .option('--state-dir <dir>', 'where what was there before is kept', '/run/tandem-realserver');

  withWishes(own('apply', 'bind the virtual addresses and be silent about them; again when something has changed'))
    .option('--dry-run', 'only say what would be done')
    .action((addresses: readonly string[], options: WishOptions & CommonOptions) =>
      told(tools, async () => {
        const host = await hostFor(options, tools);
        const wishes = await wishesFrom(addresses, options, tools);
        await report(await host.apply(options.name ?? defaultName, wishes, options.dryRun === true), options, tools);
      }),
    );

  own('remove', 'put everything back as it was before apply')
    .option('--all', 'whatever name it was applied under')
    .option('--dry-run', 'only say what would be done')
    .action((options: CommonOptions & { readonly all?: boolean }) =>
      told(tools, async () => {
        if (options.all === true && options.name !== undefined) throw tools.fail('--all and --name exclude each other', 2);
        const host = await hostFor(options, tools);
        const { names } = host;
        if (options.all !== true && options.name === undefined && names.length > 0 && !names.includes(defaultName)) throw tools.fail(`what is applied here has a name, ${names.join(', ')}: give --name, or --all`, 2);
        await report(await host.remove(options.all === true ? undefined : (options.name ?? defaultName), options.dryRun === true), options, tools);
      }),
    );

  withWishes(own('show', 'show what is bound and what is missing; exit code 1 when something is'))
    .option('--json', 'as JSON')
    .action((addresses: readonly string[], options: WishOptions & CommonOptions & { readonly json?: boolean }) =>
      told(tools, async () => {
        const host = await hostFor(options, tools);
        const wishes = addresses.length > 0 || options.from !== undefined ? await wishesFrom(addresses, options, tools) : undefined;
        const view = await host.show(options.name, wishes);
        const { describeView } = await import('../realserver/view.js');
        tools.print(options.json === true ? JSON.stringify(view, null, 2) : describeView(view).join('\n'));
        if (!view.complete) process.exitCode = 1;
      }),
    );
};

const withWishes = (command: Command): Command =>
  command
    .argument('[address...]', 'the virtual addresses, unless --from says them')
    .option('--from <file>', "the directors' configuration: the services in which this host is a real server")
    .option('--address <address>', 'which real server this host is, where its own addresses do not say; with tunnels, where packets are sent to')
    .option('--interface <name>', 'what clients and directors are behind (again for several); default: what carries that address', (name: string, names: readonly string[] = []) => [...names, name])
    .addOption(new Option('--method <method>', 'of the addresses given').choices(['dr', 'tun']))
    .addOption(new Option('--tunnel <type>', 'of the addresses given, with --method tun (default: ipip)').choices(['ipip', 'gre', 'gue']))
    .option('--gue-port <port>', 'UDP port, with --tunnel gue')
    .option('--gre-checksum', 'with --tunnel gre: packets have a checksum')
    .addOption(new Option('--arp-method <method>', 'settings of the kernel, or rules').choices(['sysctl', 'arptables']).default('sysctl'));

const hostFor = async ({ stateDir, dryRun }: CommonOptions, { print }: Tools): Promise<RealServerHost> => {
  const [{ RealServerHost: Host }, { describeStep }] = await Promise.all([import('../realserver/operate.js'), import('../realserver/step.js')]);
  return new Host(stateDir, (step) => dryRun !== true && print(describeStep(step)));
};

const report = async (steps: readonly Step[], { dryRun }: CommonOptions, { print }: Tools): Promise<void> => {
  if (steps.length === 0) print('nothing to do');
  if (dryRun !== true) return; // each was told when it was done
  const { describeStep } = await import('../realserver/step.js');
  for (const line of steps.flatMap((step) => describeStep(step).split('\n'))) print(`would ${line}`);
};

/** @throws what `fail` makes of a RealServerError; others pass */
const told = async ({ fail }: Tools, work: () => Promise<void>): Promise<void> => {
  const { RealServerError } = await import('../realserver/error.js');
  try {
    await work();
  } catch (error) {
    if (error instanceof RealServerError) throw fail(error.message, error.code === 'USAGE' ? 2 : 1);
    throw error;
  }
};

const wishesFrom = async (addresses: readonly string[], options: WishOptions, tools: Tools): Promise<Wishes> => {
  const { fail } = tools;
  if (addresses.length > 0 && options.from !== undefined) throw fail('give either addresses or --from, not both', 2);
  if (addresses.length === 0 && options.from === undefined) throw fail('give the virtual addresses, or --from FILE', 2);
  const [{ readNetwork }, { outerInterfaces }] = await Promise.all([import('../realserver/host.js'), import('../realserver/outer-interfaces.js')]);
  const network = await readNetwork();
  const realServer = options.address === undefined ? undefined : await addressOf(options.address, tools);
  const { vips, modprobe } = options.from === undefined ? { vips: await vipsFrom(addresses, realServer, options, tools), modprobe: ['/sbin/modprobe'] } : await fromFile(options.from, network.addresses.map(({ address }) => address), realServer, options, tools);
  return { vips, arpMethod: options.arpMethod, interfaces: outerInterfaces(vips, network, options.interface ?? []), modprobe };
};

const addressOf = async (text: string, { fail }: Tools): Promise<string> => {
  const { canonicalIPv6 } = await import('../network/ip-address.js');
  const [address = '', length] = text.split('/');
  const right = isIPv4(address) ? '32' : isIPv6(address) && !address.includes('%') ? '128' : undefined;
  if (right === undefined) throw fail(`${text} is no IP address`, 2);
  if (length !== undefined && length !== right) throw fail(`${text}: on a real server an address stands for itself alone: ${address}/${right}, or without a length`, 2);
  return right === '32' ? address : canonicalIPv6(address);
};

const vipsFrom = async (addresses: readonly string[], realServer: string | undefined, { method = 'dr', tunnel, guePort, greChecksum = false }: WishOptions, tools: Tools): Promise<readonly VipWish[]> => {
  const { fail } = tools;
  if (method === 'dr' && (tunnel !== undefined || guePort !== undefined || greChecksum)) throw fail('--tunnel, --gue-port and --gre-checksum go with --method tun', 2);
  if ((tunnel === 'gue') !== (guePort !== undefined)) throw fail('--tunnel gue and --gue-port go together', 2);
  if (greChecksum && tunnel !== 'gre') throw fail('--gre-checksum goes with --tunnel gre', 2);
  const port = Number(guePort ?? 0);
  if (!Number.isInteger(port) || port > 65_535 || (guePort !== undefined && port < 1)) throw fail(`--gue-port ${guePort ?? ''}: a port is a number from 1 to 65535`, 2);
  const canonical = await Promise.all(addresses.map((address) => addressOf(address, tools)));
  return canonical.map((address) => ({
    address,
    method,
    ...(method === 'tun' && { tunnel: { type: tunnel ?? 'ipip', port, checksum: greChecksum ? 'plain' : 'none' } }),
    ...(realServer !== undefined && { realServer }),
  }));
};

const fromFile = async (path: string, own: readonly string[], realServer: string | undefined, options: WishOptions, { fail }: Tools): Promise<Pick<Wishes, 'vips' | 'modprobe'>> => {
  if (options.method !== undefined || options.tunnel !== undefined || options.guePort !== undefined || options.greChecksum !== undefined) throw fail('--method and what goes with it are for addresses; the file says them itself', 2);
  const [{ loadConfiguration }, { formatDiagnostics }, { wishesFromFile }] = await Promise.all([import('../config/load.js'), import('../config/format-diagnostics.js'), import('../realserver/from-file.js')]);
  // the keys and certificates that it names are the directors' own
  const result = await loadConfiguration(path, { withoutFiles: true });
  if (!result.ok) {
    printError(formatDiagnostics(result.diagnostics, result.text).trimEnd());
    throw fail(`${path} cannot be used`, 3);
  }
  // every host has these
  const known = own.filter((address) => !address.startsWith('127.') && address !== '::1' && !address.startsWith('fe80:'));
  const { vips, notes } = wishesFromFile(result.configuration, known, realServer, path);
  for (const note of notes) printError(note);
  return { vips, modprobe: result.configuration.ipvs.modprobe };
};
