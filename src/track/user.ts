/** Users of the host by name: as whom a script runs. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';

export interface User {
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** No such user, or none that could be looked up. */
export class UserError extends Error {
  readonly code = 'USER';
  constructor(readonly user: string) {
    super(`there is no user ${user}`);
    this.name = 'UserError';
  }
}

const lookupMilliseconds = 5_000;

/** A line of passwd(5) for this user, among others. */
export const userIn = (passwd: string, name: string): User | undefined => {
  for (const line of passwd.split('\n')) {
    const [user, , uid = '', gid = '', , home = '/'] = line.split(':');
    if (user === name && /^\d+$/.test(uid) && /^\d+$/.test(gid)) return { uid: Number(uid), gid: Number(gid), home };
  }
  return undefined;
};

/** From /etc/passwd, else by getent(1), which knows directory services too. @throws UserError */
export const findUser = async (name: string): Promise<User> => {
  const local = userIn(await readFile('/etc/passwd', 'utf8').catch(() => ''), name);
  if (local) return local;
  const found = await new Promise<string>((resolve) => {
    execFile('getent', ['passwd', '--', name], { timeout: lookupMilliseconds, killSignal: 'SIGKILL', maxBuffer: 64 * 1024 }, (error, stdout) => resolve(error ? '' : stdout));
  });
  const user = userIn(found, name);
  if (!user) throw new UserError(name);
  return user;
};
