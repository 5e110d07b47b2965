/** tandem: the operator's command. Checks files, and asks the daemon through its control socket. */
import { once } from 'node:events';
import { Command, CommanderError } from 'commander';
import { ControlError, follow, request } from '../control/client.js';
import { matchCommand } from '../control/command-names.js';
import type { StreamLine } from '../control/event-stream.js';
import type { Reply } from '../control/server.js';
import type { Status } from '../control/status.js';
import { version } from '../control/version.js';
import { addDoctorCommand } from '../commands/doctor.js';
import { addImportCommands } from '../commands/import.js';
import { addIpvsCommand } from '../commands/ipvs.js';
import { addOperateCommands, type Tools } from '../commands/operate.js';
import { addRealServerCommands } from '../commands/realserver.js';

/** A failure that is told in one line, with its exit code: 1 at run time, 2 usage, 3 configuration rejected. */
class CommandError extends Error {
  readonly code = 'COMMAND';
  constructor(
    message: string,
    readonly exitCode: 1 | 2 | 3,
  ) {
    super(message);
    this.name = 'CommandError';
  }
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const printError = (text: string): void => void process.stderr.write(`${text}\n`);
const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

const program = new Command('tandem')
  .description('Looks at and steers tandemd, the daemon that makes two hosts one LVS load balancer.')
  .option('--runtime-dir <dir>', 'directory of the control socket', '/run/tandem')
  .version(version(), '--version', 'print the version')
  .helpOption('-h, --help', 'print this')
  .addHelpText('after', `\nA command may be shortened as long as it stays unique: tandem st\nExit codes: 0 fine, 1 failure at run time, 2 usage, 3 configuration rejected.`)
  .exitOverride()
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'tandem: ')) });

const runtimeDirectory = (): string => program.opts<{ runtimeDir: string }>().runtimeDir;

const ask = async (message: { readonly command: string; readonly [key: string]: unknown }, timeoutMs?: number): Promise<Reply & { readonly ok: true }> => {
  const reply = await request(runtimeDirectory(), message, timeoutMs);
  if (reply.ok) return reply;
  const { diagnostics } = reply;
  if (typeof diagnostics === 'string' && diagnostics !== '') {
    printError(diagnostics.trimEnd());
    throw new CommandError(reply.error, 3);
  }
  throw new CommandError(reply.error, 1);
};

/** Only for people at a terminal. */
const colours = (): boolean => {
  const { NO_COLOR: noColour, TERM: terminal } = process.env;
  return process.stdout.isTTY && (noColour === undefined || noColour === '') && terminal !== 'dumb';
};

const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : []);

program
  .command('check')
  .description('check a configuration file')
  .argument('<file>', 'the file')
  .option('--show-defaults', 'print the configuration with every default that applies')
  .action(async (file: string, { showDefaults }: { showDefaults?: boolean }) => {
    const [{ loadConfiguration }, { formatDiagnostics }] = await Promise.all([import('../config/load.js'), import('../config/format-diagnostics.js')]);
    const result = await loadConfiguration(file);
    if (!result.ok) {
      printError(formatDiagnostics(result.diagnostics, result.text).trimEnd());
      process.exitCode = 3;
      return;
    }
    const { configuration, warnings, text } = result;
    if (warnings.length > 0) printError(formatDiagnostics(warnings, text).trimEnd());
    if (showDefaults === true) {
      const defaults = await import('../config/show-defaults.js');
      print(defaults.showDefaults(configuration).trimEnd());
      return;
    }
    const realServers = configuration.virtualServers.reduce((count, { realServers: servers }) => count + servers.length, 0);
    const counts = [plural(configuration.vrrp.instances.length, 'instance'), plural(configuration.virtualServers.length, 'virtual server'), plural(realServers, 'real server')];
    print(`${file}: ok: ${counts.join(', ')}`);
  });

program
  .command('status')
  .description('show instances, virtual servers and their health')
  .option('--json', 'as JSON')
  .action(async ({ json }: { json?: boolean }) => {
    const reply = await ask({ command: 'status' });
    if (json === true) {
      print(JSON.stringify(reply.status, null, 2));
      return;
    }
    const { formatStatus } = await import('../control/status-table.js');
    print(formatStatus(reply.status as Status, { colours: colours(), now: Date.now() }));
  });

program
  .command('reload')
  .description('put the changed configuration file in force')
  .option('--dry-run', 'only say what would change')
  .action(async ({ dryRun = false }: { dryRun?: boolean }) => {
    const reply = await ask({ command: 'reload', dry_run: dryRun });
    for (const warning of texts(reply.warnings)) printError(warning);
    const changes = texts(reply.changes);
    for (const change of changes) print(change);
    if (dryRun) {
      if (changes.length === 0) print('nothing would change');
      return;
    }
    const pending = texts(reply.pending);
    if (pending.length > 0) throw new CommandError(`configuration reloaded, but not in force yet in: ${pending.join(', ')}`, 1);
    print(changes.length === 0 ? 'configuration reloaded: nothing changed' : `configuration reloaded: ${plural(changes.length, 'change')}`);
  });

const tools: Tools = { print, ask, colours, fail: (message, exitCode) => new CommandError(message, exitCode) };
addOperateCommands(program, tools);
addIpvsCommand(program, tools);
addImportCommands(program, tools);
addRealServerCommands(program, tools);
addDoctorCommand(program, tools, { printError, runtimeDirectory });

program
  .command('events')
  .description('show how instances and sync groups stand, and their last transitions')
  .option('-f, --follow', 'show what happens from now on, until interrupted')
  .option('--json', 'as JSON, one object a line')
  .action(async ({ follow: followed = false, json = false }: { follow?: boolean; json?: boolean }) => {
    const { formatStreamLine } = await import('../control/event-line.js');
    const show = (line: unknown): void => print(json ? JSON.stringify(line) : formatStreamLine(line as StreamLine));
    const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
    if (!followed) {
      const { current, events } = await ask({ command: 'events' });
      for (const line of [...list(current), ...list(events)]) show(line);
      return;
    }
    const begin = (reply: Reply): void => {
      if (!reply.ok) throw new CommandError(reply.error, 1);
      for (const line of list(reply.current)) show(line);
    };
    await follow(runtimeDirectory(), { command: 'events', follow: true }, begin, async (line) => {
      show(line);
      // whoever reads us slowly slows us
      if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain');
    });
    throw new CommandError('tandemd ended the stream', 1);
  });

/** The arguments with the command's name in full. @throws CommandError for a name that is none, not unique, or not built */
const expandCommand = (args: readonly string[]): readonly string[] => {
  let index = 0;
  while (args[index]?.startsWith('-') === true) index += args[index] === '--runtime-dir' ? 2 : 1;
  const given = args[index];
  if (given === undefined) return args;
  const match = matchCommand(given);
  switch (match.kind) {
    case 'built':
      return args.with(index, match.name);
    case 'reserved':
      throw new CommandError(`'${match.name}' is not built yet in this version`, 2);
    case 'ambiguous':
      throw new CommandError(`'${given}' could be ${match.candidates.join(', ')}`, 2);
    case 'unknown':
      throw new CommandError(`'${given}' is no command; try 'tandem --help'`, 2);
  }
};

const exitCodeOf = (error: unknown): number => {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof CommandError || error instanceof ControlError) {
    printError(`tandem: ${error.message}`);
    return error instanceof CommandError ? error.exitCode : 1;
  }
  printError(`tandem: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  return 1;
};

// `tandem status | head -1` is no failure
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
const run = async (args: readonly string[]): Promise<void> => {
  try {
    if (args.length === 0) {
      program.outputHelp({ error: true });
      process.exitCode = 2;
    } else await program.parseAsync(expandCommand(args), { from: 'user' });
  } catch (error) {
    process.exitCode = exitCodeOf(error);
  }
};
void run(process.argv.slice(2));
