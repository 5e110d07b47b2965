/** What the builders of the result share. */
import { formatDuration } from '../../../config/duration.js';
import { Microseconds } from '../../../time/microseconds.js';
import type { Command } from '../command.js';
import type { FileDraft } from '../drafts.js';
import type { Findings } from '../findings.js';
import { inlineList, type Output } from '../output.js';
import type { Place } from '../place.js';
import type { Surroundings } from '../surroundings.js';

export interface BuildContext {
  readonly file: FileDraft;
  readonly surroundings: Surroundings;
  readonly findings: Findings;
}

/** What is worth telling, where it stands; not a loss by itself. */
export const doubt = ({ findings }: BuildContext, place: Place, message: string, remedy: string): void => findings.warn(place, { code: 'doubtful', message, remedy });

export const durationOutput = (duration: Microseconds | undefined): string | undefined => (duration === undefined ? undefined : formatDuration(duration));

export const commandOutput = (command: Command | undefined): Output | undefined => command && inlineList(command.words);

/** As whom commands run that name no user: script_user, else keepalived_script where there is such a user, else root. */
export const defaultUser = ({ file, surroundings }: BuildContext): string => file.global.scriptUser ?? (surroundings.hasUser('keepalived_script') ? 'keepalived_script' : 'root');

/** One user for several commands: Tandem has one for all of them. */
export const commonUser = (context: BuildContext, commands: readonly (Command | undefined)[], place: Place): string => {
  const users = [...new Set(commands.flatMap((command) => (command === undefined ? [] : [command.user ?? defaultUser(context)])))];
  const [first = defaultUser(context), ...others] = users;
  if (others.length > 0) doubt(context, place, `these commands run as ${users.join(', ')}; in Tandem they have one user: ${first}`, 'let one of them use runuser, or give both rights to one user');
  return first;
};

/** keepalived lets commands run as long as they like. */
export const commandTimeout = { value: '1h', comment: "keepalived's commands have no limit; Tandem's default is 30s" };

/** linux/net/core/dev.c, dev_valid_name() */
export const isInterfaceName = (name: string): boolean => name !== '' && name !== '.' && name !== '..' && Buffer.byteLength(name) <= 15 && !/[\s/:\u0000-\u001f]/u.test(name);

/** An interface without the `:1` of an alias, which is a label of an address. */
export const interfaceName = (context: BuildContext, name: string, place: Place): string => {
  const [plain = name] = name.split(':');
  if (plain !== name) doubt(context, place, `${name} is a label of an address, not an interface`, `it is imported as ${plain}`);
  return plain;
};
