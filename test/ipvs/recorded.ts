/** Netlink messages recorded between ipvsadm 1.31, keepalived 2.2.7 and Linux 6.1 (fixtures/record.sh says how). */
import { readFileSync } from 'node:fs';

interface Recording {
  /** the controller's answer that names the family's number; netlink header included */
  readonly family: string;
  readonly commands: readonly { readonly command: string; readonly requests: readonly string[]; readonly replies: readonly string[] }[];
}

const recording = JSON.parse(readFileSync(new URL('./fixtures/recorded.json', import.meta.url), 'utf8')) as Recording;

export const familyAnswer = Buffer.from(recording.family, 'hex').subarray(16);

/** Payloads (from struct genlmsghdr on) of the first recorded command that begins with these words. */
export const recorded = (command: string): { readonly requests: readonly Buffer[]; readonly replies: readonly Buffer[] } => {
  const entry = recording.commands.find((candidate) => candidate.command.startsWith(command));
  if (!entry) throw new Error(`not recorded: ${command}`);
  const buffers = (list: readonly string[]): readonly Buffer[] => list.map((hex) => Buffer.from(hex, 'hex'));
  return { requests: buffers(entry.requests), replies: buffers(entry.replies) };
};

export const only = <T>(list: readonly T[]): T => {
  const [first] = list;
  if (first === undefined || list.length !== 1) throw new Error(`${list.length} entries, not one`);
  return first;
};
