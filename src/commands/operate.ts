/** The commands of `tandem` that look into the election and steer it: counters, failover, explain, replay. */
import type { Command } from 'commander';
import type { Reply } from '../control/server.js';
import type { InstanceStatus, Status } from '../control/status.js';
import { inWords } from '../control/in-words.js';

/** What `tandem` itself gives its commands. */
export interface Tools {
  readonly print: (text: string) => void;
  /** @throws ControlError, or a failure that `fail` makes */
  readonly ask: (message: { readonly command: string; readonly [key: string]: unknown }, timeoutMs?: number) => Promise<Reply & { readonly ok: true }>;
  /** an error that is told in one line and ends with that exit code */
  readonly fail: (message: string, exitCode: 1 | 2 | 3) => Error;
  readonly colours: () => boolean;
}

/** The daemon decides when a handover has failed; this is for a daemon that does not answer any more. The longest master down interval is 1,024 s (VRRPv2, 255 s). */
const HANDOVER_LIMIT_MS = 2_100_000;

export const addOperateCommands = (program: Command, tools: Tools): void => {
  addCounters(program, tools);
  addFailover(program, tools);
  addExplain(program, tools);
  addReplay(program, tools);
};

const addCounters = (program: Command, { print, ask, fail, colours }: Tools): void => {
  program
    .command('counters')
    .description('show what was sent, received, rejected and decided, by instance')
    .argument('[instance]', 'only this one')
    .option('--json', 'as JSON')
    .option('--reset', 'show them, and set them back to 0')
    .action(async (only: string | undefined, { json, reset }: { json?: boolean; reset?: boolean }) => {
      const reply = await ask({ command: 'status' });
      const { instances: all, processes } = reply.status as Status;
      const named = all.filter(({ name }) => only === undefined || name === only);
      if (only !== undefined && named.length === 0) throw fail(`there is no instance '${only}'; there are: ${all.map(({ name }) => name).join(', ') || 'none'}`, 2);
      // what is shown is what was set back, nothing is lost in between
      const before = reset === true ? ((await ask({ command: 'reset_counters', ...(only === undefined ? {} : { instance: only }) })).instances as readonly Pick<InstanceStatus, 'name' | 'counters'>[]) : [];
      const instances = named.map((instance) => ({ ...instance, counters: before.find(({ name }) => name === instance.name)?.counters ?? instance.counters }));
      if (json === true) {
        const plain = { instances: instances.map(({ name, counters }) => ({ name, counters })), processes: processes.map(({ name, restarts, dropped_messages }) => ({ name, restarts, dropped_messages })) };
        print(JSON.stringify(plain, null, 2));
        return;
      }
      const { formatCounters } = await import('../control/counters-table.js');
      print(formatCounters({ instances, processes }, { colours: colours() }));
    });
};

const addFailover = (program: Command, { print, ask, fail }: Tools): void => {
  program
    .command('failover')
    .description('hand an instance, with its sync group, over to the other director; it stays there until that one fails')
    .argument('<instance>', 'an instance that this director is master of')
    .option('--force', 'also when no other router was heard')
    .option('--cancel', 'let an instance that was handed over take part in the election again')
    .action(async (instance: string, { force = false, cancel = false }: { force?: boolean; cancel?: boolean }) => {
      if (force && cancel) throw fail('--force and --cancel exclude each other', 2);
      const reply = await ask({ command: 'failover', instance, force, cancel }, HANDOVER_LIMIT_MS);
      if (cancel) {
        print(String(reply.message));
        return;
      }
      const handovers = reply.handovers as readonly { readonly instance: string; readonly master: string; readonly duration_ms: number }[];
      for (const { instance: name, master, duration_ms: duration } of handovers) print(`failover of ${name}: ${master} is MASTER after ${duration} ms`);
    });
};

const addExplain = (program: Command, { print, ask }: Tools): void => {
  program
    .command('explain')
    .description('say in sentences why an instance is MASTER or not, and what would change it')
    .argument('<instance>', 'its name')
    .option('--json', 'as JSON')
    .action(async (instance: string, { json }: { json?: boolean }) => {
      const { sentences } = (await ask({ command: 'explain', instance })) as unknown as { readonly sentences: readonly string[] };
      if (json === true) {
        print(JSON.stringify({ instance, sentences }, null, 2));
        return;
      }
      const { wrap } = await import('../control/table.js');
      for (const sentence of sentences) print(wrap(sentence, 98).join('\n  '));
    });
};

const addReplay = (program: Command, { print, fail }: Tools): void => {
  program
    .command('replay')
    .description('run a flight recording through the same election again and say why each decision was taken; exit code 1 when one differs')
    .argument('<file>', 'a file of RUNTIME_DIR/recordings')
    .action(async (file: string) => {
      const [{ readFile }, { RecordingError }, { narrateFile }] = await Promise.all([import('node:fs/promises'), import('../vrrp/recording.js'), import('../vrrp/replay-file.js')]);
      let text: string;
      try {
        text = await readFile(file, 'utf8');
      } catch (error) {
        throw fail(`${file} cannot be read: ${inWords(error)}`, 1);
      }
      try {
        const { lines, differing } = narrateFile(text);
        for (const line of lines) print(line);
        if (differing > 0) process.exitCode = 1;
      } catch (error) {
        if (error instanceof RecordingError) throw fail(`${file}: ${error.message}`, 1);
        throw error;
      }
    });
};
