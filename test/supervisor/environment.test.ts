/** What commands and children find in their environment. */
import { expect, test } from 'vitest';
import { childEnvironment } from '../../src/supervisor/environment.js';

test("a command gets the daemon's environment, without what is the daemon's alone", () => {
  const environment = { PATH: '/usr/bin', SITE: 'east', NOTIFY_SOCKET: '/run/systemd/notify', WATCHDOG_USEC: '30000000', MALLOC_ARENA_MAX: '1' };
  expect(childEnvironment(environment)).toEqual({ PATH: '/usr/bin', SITE: 'east' });
});
