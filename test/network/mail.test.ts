/** A whole tandemd in a namespace: the mail that tells of its election and its stop, and that nothing shows the password. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { request } from '../../src/control/client.js';
import type { Status } from '../../src/control/status.js';
import { Daemon } from '../bin/program.js';
import { makeAuthority, makeCertificate } from '../health/certificates.js';
import { MailServer } from '../notify/mail-server.js';
import { staged } from './stage.js';

const program = new URL('../../dist/bin/tandemd.js', import.meta.url).pathname;
const runs = staged();

describe('e-mail, of a whole daemon', { timeout: 60_000 }, () => {
  let directory: string;
  let daemon: Daemon | undefined;
  let server: MailServer | undefined;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tandem-mail-'));
  });
  afterEach(async () => {
    await daemon?.kill('SIGKILL');
    await server?.stop();
    await vi.waitFor(() => rmSync(directory, { recursive: true, force: true }), { timeout: 2_000, interval: 20 });
  });

  it('tells of the election and of the stop over TLS after a login, from another host', async () => {
    const { a, b } = runs.stage;
    const authority = makeAuthority(directory, 'authority');
    const certificate = makeCertificate(directory, 'mail', authority, 'IP:10.77.0.2');
    const password = 'Wpn7-secret';
    server = await MailServer.start({ tls: 'starttls', certificate, password, namespace: b.namespace, address: '10.77.0.2' });
    writeFileSync(join(directory, 'password'), `${password}\n`, { mode: 0o600 });
    const email = `server: 10.77.0.2, port: ${server.port}, ca: ${authority.certificatePath}, user: tandem, password_file: ${directory}/password, to: [operators@example.org]`;
    const instance = '{ name: web, interface: e0, virtual_router_id: 101, advertisement_interval: 100ms, virtual_addresses: [10.77.0.101] }';
    const config = join(directory, 'tandem.yaml');
    writeFileSync(config, `router_id: director-a\nvrrp: { instances: [${instance}] }\nnotify: { email: { ${email} } }\n`, { mode: 0o600 });
    daemon = new Daemon(spawn('ip', ['netns', 'exec', a.namespace, process.execPath, program, '--config', config, '--runtime-dir', join(directory, 'run')], { stdio: ['ignore', 'pipe', 'pipe'] }));
    const first = await server.message(0);
    expect(first).toMatchObject({ to: ['operators@example.org'], user: 'tandem', tls: true });
    expect(first.text).toMatch(/^Subject: \[director-a\] web: BACKUP -> MASTER and 1 more\r?$/m);
    expect(first.text.replace(/=\r?\n/g, '')).toMatch(/web: BACKUP -> MASTER, no advertisement from anyone \(priority 100\)/);

    await daemon.says('e-mail on 2 events sent to operators@example.org');
    const { status } = (await request(join(directory, 'run'), { command: 'status' })) as unknown as { status: Status };
    expect(status.email).toEqual({ server: `10.77.0.2:${server.port}`, sent: 1, failed: 0, dropped: 0, waiting: 0, problem: null });
    expect(await daemon.kill('SIGTERM')).toBe(0);
    expect((await server.message(1)).text).toMatch(/^Subject: \[director-a\] web: MASTER -> STOP\r?$/m);
    expect(daemon.stdout + daemon.stderr + JSON.stringify(status)).not.toContain(password);
  });
});
