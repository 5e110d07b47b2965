/** E-mail against a real mail server on loopback: what arrives, and what is said when nothing can. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { EmailConfiguration } from '../../src/config/model.js';
import { Mailer, SendError } from '../../src/notify/mailer.js';
import type { Notice } from '../../src/notify/notice.js';
import { sendMail } from '../../src/notify/smtp.js';
import type { LogEvent } from '../../src/supervisor/messages.js';
import { Seconds } from '../../src/time/microseconds.js';
import { type Certificate, makeAuthority, makeCertificate } from '../health/certificates.js';
import { MailServer } from './mail-server.js';

const password = 'k3in Geheimnis';
const signal = new AbortController().signal;
const message = { subject: '[director-a] web: BACKUP -> MASTER', text: 'grün\n' };
const failure = (sent: Promise<void>): Promise<SendError> => sent.then(() => Promise.reject(new Error('it was sent')), (error: unknown) => (error instanceof SendError ? error : Promise.reject(error as Error)));

describe('e-mail', () => {
  let directory: string;
  let authority: Certificate;
  let certificate: Certificate;
  let server: MailServer | undefined;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'tandem-mail-'));
    authority = makeAuthority(directory, 'authority');
    certificate = makeCertificate(directory, 'mail', authority, 'DNS:mail.example.org,IP:127.0.0.1');
  });
  afterEach(async () => {
    await server?.stop();
    server = undefined;
  });
  afterAll(() => rmSync(directory, { recursive: true }));
  const start = async (...[options]: Parameters<typeof MailServer.start>): Promise<MailServer> => (server = await MailServer.start(options));
  const emailTo = (port: number, more: Partial<EmailConfiguration> = {}): EmailConfiguration => ({
    server: '127.0.0.1',
    port,
    tls: 'none',
    verify: true,
    ca: authority.certificatePath,
    user: undefined,
    password: undefined,
    passwordFile: undefined,
    from: 'tandem@director-a.example.org',
    to: ['operators@example.org', 'second@example.org'],
    on: ['instances'],
    timeout: Seconds(10),
    ...more,
  });

  it('arrives with its sender, receivers, subject and text', async () => {
    const { port } = await start({ tls: 'none' });
    await sendMail(emailTo(port), message, signal);
    const received = await server?.message(0);
    expect(received).toMatchObject({ from: 'tandem@director-a.example.org', to: ['operators@example.org', 'second@example.org'], user: '', tls: false });
    expect(received?.text).toMatch(/^Subject: \[director-a\] web: BACKUP -> MASTER\r?$/m);
    expect(received?.text).toMatch(/^Auto-Submitted: auto-generated\r?$/m);
    expect(received?.text).toMatch(/^To: operators@example.org, second@example.org\r?$/m);
    expect(received?.text).toMatch(/^gr=C3=BCn\r?$/m);
  });

  it.each(['starttls', 'implicit'] as const)('goes encrypted with %s, after a login with the password of a file', async (tls) => {
    const { port } = await start({ tls, certificate, password });
    const passwordFile = join(directory, 'password');
    writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
    await sendMail(emailTo(port, { tls, user: 'tandem', passwordFile }), message, signal);
    expect(await server?.message(0)).toMatchObject({ user: 'tandem', tls: true });
  });

  it('is not sent in the clear to a server that cannot encrypt', async () => {
    const { port } = await start({ tls: 'none' });
    expect(await failure(sendMail(emailTo(port, { tls: 'starttls' }), message, signal))).toMatchObject({ permanent: false, message: expect.stringMatching(/STARTTLS/) as string });
    expect(server?.received).toEqual([]);
  });

  it('is not sent to a server whose certificate is not known, unless verification is off', async () => {
    const { port } = await start({ tls: 'starttls', certificate });
    expect((await failure(sendMail(emailTo(port, { tls: 'starttls', ca: undefined }), message, signal))).message).toMatch(/certificate/);
    await sendMail(emailTo(port, { tls: 'starttls', ca: undefined, verify: false }), message, signal);
    expect(await server?.message(0)).toMatchObject({ tls: true });
  });

  it('says that the login was refused without saying the password', async () => {
    const { port } = await start({ tls: 'implicit', certificate, password });
    const { message: words, permanent } = await failure(sendMail(emailTo(port, { tls: 'implicit', user: 'tandem', password: `wrong ${password}` }), message, signal));
    expect(words).toMatch(/535/);
    expect(words).not.toContain(password);
    expect(permanent).toBe(false);
  });

  it('is refused for good when the server knows none of the receivers, and not when it cannot be reached', async () => {
    const { port } = await start({ tls: 'none' });
    expect(await failure(sendMail(emailTo(port, { to: ['nobody@example.org'] }), message, signal))).toMatchObject({ permanent: true, message: expect.stringMatching(/550 5.1.1 no such user here/) as string });
    await server?.stop();
    expect(await failure(sendMail(emailTo(port), message, signal))).toMatchObject({ permanent: false, message: expect.stringMatching(/ECONNREFUSED/) as string });
    expect((await failure(sendMail(emailTo(port, { user: 'x', passwordFile: '/nonexistent/p' }), message, signal))).message).toMatch(/ENOENT.*\/nonexistent\/p/);
  });

  it('gathers what happens together into one message, and sends what could not be sent when the server is there again', async () => {
    const { port } = await start({ tls: 'none' });
    await server?.stop();
    const log: LogEvent[] = [];
    const mailer = new Mailer((event) => log.push(event));
    const web: Notice = { kind: 'INSTANCE', name: 'web', time: 0, from: 'BACKUP', to: 'MASTER', priority: 150, reason: 'no advertisement from 192.0.2.1 for 3.41 s' };
    mailer.configure({ routerId: 'director-a', email: emailTo(port) });
    mailer.tell([web]);
    await vi.waitFor(() => expect(log.map(({ message: words }) => words)).toEqual([expect.stringMatching(/^e-mail cannot be delivered to 127.0.0.1:\d+: connect ECONNREFUSED .*; it is tried again in 5 s/)]), 10_000);
    mailer.tell([{ ...web, from: 'MASTER', to: 'FAULT', reason: 'eth0 is down' }]);
    expect(mailer.status).toMatchObject({ sent: 0, failed: 1, waiting: 2, dropped: 0, problem: expect.stringMatching(/ECONNREFUSED/) as string });
    await start({ tls: 'none', port });
    await mailer.finish(5_000);
    const received = await server?.message(0);
    expect(received?.text).toMatch(/^Subject: \[director-a\] web: MASTER -> FAULT and 1 more\r?$/m);
    expect(received?.text).toMatch(/^1970-01-01T00:00:00.000Z web: BACKUP -> MASTER, no advertisement from/m);
    expect(server?.received).toHaveLength(1);
    expect(mailer.status).toMatchObject({ sent: 1, failed: 1, waiting: 0, problem: null });
  });
});
