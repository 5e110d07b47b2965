/** Which programs run: one look through /proc, as /proc/PID/stat and, for long names, /proc/PID/cmdline tell. */
import { readdir, readFile } from 'node:fs/promises';
import { basename } from 'node:path';

/** TASK_COMM_LEN (linux/sched.h) less the final zero: the kernel cuts longer names */
const longestComm = 15;
/** files read at once: libuv's pool has few threads, and others wait for them too */
const atOnce = 32;

/** The program's name in /proc/PID/stat (proc(5): the second field, in brackets that it may itself hold); undefined for one that is dead already. */
export const programIn = (stat: string): string | undefined => {
  const [from, to] = [stat.indexOf('('), stat.lastIndexOf(')')];
  if (from < 0 || to < from || /[ZXx]/.test(stat.charAt(to + 2))) return undefined;
  return stat.slice(from + 1, to);
};

const cut = (name: string): string => Buffer.from(name).subarray(0, longestComm).toString();

const read = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => ''); // it has ended meanwhile

/** Those of `names` that run, with the number of their processes. @param proc where the kernel's processes are mounted */
export const scanProcesses = async (names: readonly string[], proc = '/proc'): Promise<ReadonlyMap<string, number>> => {
  const byComm = new Map<string, string[]>();
  for (const name of names) byComm.set(cut(name), [...(byComm.get(cut(name)) ?? []), name]);
  const counts = new Map<string, number>();
  const look = async (pid: string): Promise<void> => {
    const candidates = byComm.get(programIn(await read(`${proc}/${pid}/stat`)) ?? '') ?? [];
    for (const name of candidates) {
      if (Buffer.byteLength(name) > longestComm) {
        const [program = '', script = ''] = (await read(`${proc}/${pid}/cmdline`)).split('\0');
        if (basename(program) !== name && basename(script) !== name) continue;
      }
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  };
  const pids = (await readdir(proc)).filter((name) => /^\d+$/.test(name));
  for (let first = 0; first < pids.length; first += atOnce) await Promise.all(pids.slice(first, first + atOnce).map(look));
  return counts;
};
