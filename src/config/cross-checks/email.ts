/** What must hold among the keys of `notify.email`, and the files that they name. */
import type { Path } from '../document.js';
import { inWords } from '../../control/in-words.js';
import { readableByOthers } from '../secrets.js';
import type { Context } from './context.js';

/** Permission bits of a file; throws what node:fs throws. */
export type ModeOf = (path: string) => number;

const place: Path = ['notify', 'email'];
export const octal = (mode: number): string => (mode & 0o777).toString(8).padStart(4, '0');

const isLoopback = (server: string): boolean => /^(localhost|127\.\d+\.\d+\.\d+|::1)$/i.test(server);

export const checkEmail = (context: Context, modeOf: ModeOf): void => {
  const { file, report, given } = context;
  const email = file.notify?.email;
  if (email === undefined) return;
  const has = (key: string): boolean => given([...place, key]);
  if (has('password') && has('password_file')) report([...place, 'password_file'], { code: 'conflict', message: 'password and password_file exclude each other', remedy: 'remove one of them', at: 'key' });
  if (has('user') && !has('password') && !has('password_file')) report([...place, 'user'], { code: 'conflict', message: 'user needs a password', remedy: 'add password_file: /etc/tandem/mail-password, or remove user', at: 'key' });
  for (const key of ['password', 'password_file']) if (has(key) && !has('user')) report([...place, key], { code: 'conflict', message: `${key} has no effect without user`, remedy: `add user, or remove ${key}`, at: 'key' });
  if (email.tls === 'none') {
    for (const key of ['verify', 'ca']) if (has(key)) report([...place, key], { severity: 'warning', code: 'conflict', message: `${key} has no effect with tls: none`, remedy: `leave ${key} out`, at: 'key' });
    if (has('user') && email.server !== undefined && !isLoopback(email.server)) report([...place, 'tls'], { severity: 'warning', code: 'doubtful', message: 'the password is sent in the clear: whoever can read the wire can read it', remedy: 'give tls: starttls or implicit' });
  } else if (email.verify === false) {
    if (has('ca')) report([...place, 'ca'], { severity: 'warning', code: 'conflict', message: 'ca has no effect with verify: false', remedy: 'leave one of them out', at: 'key' });
    if (has('user')) report([...place, 'verify'], { severity: 'warning', code: 'doubtful', message: 'without verification anyone on the way can read the password', remedy: 'leave verify out; a certificate authority of your own goes into ca' });
  }
  checkFile(context, email.password_file, 'password_file', modeOf);
  checkFile(context, email.ca, 'ca', modeOf);
};

const checkFile = ({ report }: Context, path: string | undefined, key: 'password_file' | 'ca', modeOf: ModeOf): void => {
  if (path === undefined) return;
  try {
    const mode = modeOf(path);
    if (key === 'password_file' && (mode & readableByOthers) !== 0) report([...place, key], { severity: 'warning', code: 'secret_readable', message: `others can read ${path} (mode ${octal(mode)}), and it holds a password`, remedy: `chmod 600 ${path}` });
  } catch (error) {
    const reason = inWords(error).replace(/, (?:open|stat|access) '.*'$/, '');
    report([...place, key], { severity: 'warning', code: 'doubtful', message: `${path} cannot be read: ${reason}; no e-mail is sent until it can`, remedy: `make the file, readable for root${key === 'password_file' ? ' alone' : ''}` });
  }
};
