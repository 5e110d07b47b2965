/** tandemd: the daemon's entry point. Options, signals, exit codes; all else is the supervisor's. */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { LogFormat, LogLevel } from '../config/model.js';
import { version } from '../control/version.js';
import { StartError, Supervisor } from '../supervisor/supervisor.js';
import { inWords } from '../control/in-words.js';

const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];
const formats: readonly LogFormat[] = ['text', 'json'];

const help = `Usage: tandemd [options]

Runs this host as one of a pair of LVS directors. Stays in the foreground and logs to standard output.

Options:
  --config FILE        configuration (default: /etc/tandem/tandem.yaml)
  --runtime-dir DIR    control socket and state (default: /run/tandem)
  --log-level LEVEL    ${levels.join(', ')}; wins over the configuration
  --log-format FORMAT  ${formats.join(', ')}; wins over the configuration
  --version            print the version
  --help               print this

Signals: SIGHUP reloads the configuration, SIGTERM and SIGINT stop in order.
Exit codes: 0 fine, 1 failure at run time, 2 usage, 3 configuration rejected.
`;

const usage = (message: string): never => {
  process.stderr.write(`tandemd: ${message}\nTry 'tandemd --help'.\n`);
  process.exit(2);
};

const options = () => {
  try {
    return parseArgs({
      strict: true,
      allowPositionals: false,
      options: {
        config: { type: 'string', default: '/etc/tandem/tandem.yaml' },
        'runtime-dir': { type: 'string', default: '/run/tandem' },
        'log-level': { type: 'string' },
        'log-format': { type: 'string' },
        version: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    return usage(inWords(error));
  }
};

const oneOf = <T extends string>(option: string, value: string | undefined, allowed: readonly T[]): T | undefined => {
  if (value === undefined) return undefined;
  return allowed.find((candidate) => candidate === value) ?? usage(`--${option} is one of ${allowed.join(', ')}, not '${value}'`);
};

/** Ends the process also when a thread of it hangs in writing the log to someone who does not read. */
const leave = async (code: number, flushed: boolean): Promise<never> => {
  if (!flushed) {
    const { default: koffi } = await import('koffi');
    koffi.load('libc.so.6').func('void _exit(int status)')(code);
  }
  process.exit(code);
};

const values = options();
if (values.help) {
  process.stdout.write(help);
} else if (values.version) {
  process.stdout.write(`${version()}\n`);
} else {
  const supervisor = new Supervisor({
    configPath: values.config,
    runtimeDirectory: values['runtime-dir'],
    version: version(),
    logLevel: oneOf('log-level', values['log-level'], levels),
    logFormat: oneOf('log-format', values['log-format'], formats),
    entries: { vrrp: fileURLToPath(new URL('../bin/vrrp.js', import.meta.url)), lvs: fileURLToPath(new URL('../bin/lvs.js', import.meta.url)) },
  });
  const stop = (signal: string): void => void supervisor.stop(signal).then((flushed) => leave(0, flushed));
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  process.on('SIGHUP', () => supervisor.reloadBySignal());
  supervisor.start().catch((error: unknown) => {
    for (const { message } of supervisor.takeEarlyEvents()) process.stderr.write(`tandemd: ${message}\n`);
    const message = inWords(error);
    const failure = error instanceof StartError ? error : new StartError(message, 1);
    process.stderr.write(failure.exitCode === 3 ? `${message.trimEnd()}\n` : `tandemd: ${message}\n`);
    process.exit(failure.exitCode);
  });
}
