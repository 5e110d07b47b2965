/** When e-mail is sent, what of it is told, and what becomes of what cannot be sent. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { EmailConfiguration } from '../../src/config/model.js';
import type { Happening, HealthNotice } from '../../src/notify/happening.js';
import { composeMail, isTold, type MailMessage } from '../../src/notify/mail-message.js';
import { Mailer, retryDelay, SendError, type Send } from '../../src/notify/mailer.js';
import type { Notice } from '../../src/notify/notice.js';
import type { LogEvent } from '../../src/supervisor/messages.js';
import { Seconds } from '../../src/time/microseconds.js';

const web: Notice = { kind: 'INSTANCE', name: 'web', time: 0, from: 'BACKUP', to: 'MASTER', priority: 150, reason: 'a test' };
const server: HealthNotice = { kind: 'REAL_SERVER', virtualServer: 'web-http', name: '192.0.2.22:80', service: '', time: 1_000, from: 'UP', to: 'DOWN', reason: 'HTTP status 500' };
const quorum: HealthNotice = { ...server, kind: 'VIRTUAL_SERVER', name: 'web-http', reason: 'weight 0 of 1 needed' };
const email: EmailConfiguration = {
  server: 'mail.example.org', port: 587, tls: 'starttls', verify: true, ca: undefined, user: undefined, password: undefined, passwordFile: undefined,
  from: 'tandem@director-a', to: ['operators@example.org'], on: ['instances', 'real_servers', 'quorum', 'split_brain'], timeout: Seconds(30),
};

describe('the message', () => {
  it('of one event has it as its subject', () => {
    expect(composeMail('director-a', [quorum], 0, 2_000)).toEqual({
      subject: '[director-a] web-http: quorum lost',
      text: '1970-01-01T00:00:01.000Z web-http: quorum lost, weight 0 of 1 needed\n\ntandemd on director-a\n',
    });
    expect(composeMail('director-a', [server], 0, 2_000).subject).toBe('[director-a] real server 192.0.2.22:80 of web-http is DOWN');
    expect(composeMail('director-a', [{ kind: 'SPLIT_BRAIN', name: 'web', time: 0, from: 'ENDED', to: 'BEGUN', reason: 'so' }], 0, 0).subject).toBe('[director-a] split brain on web');
  });

  it('of many lists them in order, and says what is not in it', () => {
    const { subject, text } = composeMail('director-a', [web, ...Array.from({ length: 250 }, () => server)], 7, 120_000);
    expect(subject).toBe('[director-a] real server 192.0.2.22:80 of web-http is DOWN and 250 more');
    expect(text.split('\n')).toHaveLength(200 + 4 + 3);
    expect(text).toContain('The first 51 of 251 events are left out here.\n7 earlier events are lost: the mail server could not be reached for too long.\nThis message is late: the first of it happened 120 s before it was sent.\n');
  });

  it.each([
    ['a first verdict that is good', { ...server, from: 'UNKNOWN', to: 'UP' }, false],
    ['a first verdict that is bad', { ...server, from: 'UNKNOWN', to: 'DOWN' }, true],
    ['a server that comes back', { ...server, from: 'DOWN', to: 'UP' }, true],
    ['a server that is not configured any more', { ...server, to: 'REMOVED' }, false],
    ['a group, unless asked for', { ...web, kind: 'GROUP' }, false],
  ] as const)('is not made for what is no news: %s', (_, happening: Happening, told) => {
    expect(isTold(happening, email.on)).toBe(told);
  });
});

describe('the mailer', () => {
  let log: LogEvent[];
  let sent: MailMessage[];
  let outcome: () => Promise<void>;
  let mailer: Mailer;
  const send: Send = (_, message) => {
    sent.push(message);
    return outcome();
  };
  beforeEach(() => {
    vi.useFakeTimers();
    log = [];
    sent = [];
    outcome = () => Promise.resolve();
    mailer = new Mailer((event) => log.push(event), send);
    mailer.configure({ routerId: 'director-a', email });
  });
  afterEach(() => vi.useRealTimers());
  const after = (milliseconds: number): Promise<unknown> => vi.advanceTimersByTimeAsync(milliseconds);
  const said = (): readonly string[] => log.map(({ level, message }) => `${level} ${message}`);

  it('sends nothing, and keeps nothing, where no e-mail is configured', async () => {
    mailer.configure({ routerId: 'director-a', email: undefined });
    mailer.tell([web]);
    await after(10_000);
    await mailer.finish(1_000);
    expect([sent, said(), mailer.status]).toEqual([[], [], undefined]);
  });

  it('makes one message of what happens within a second', async () => {
    mailer.tell([web]);
    await after(900);
    mailer.tell([server]);
    await after(100);
    expect(sent.map(({ subject }) => subject)).toEqual(['[director-a] real server 192.0.2.22:80 of web-http is DOWN and 1 more']);
    expect(said()).toEqual(['info e-mail on 2 events sent to operators@example.org']);
  });

  it('tries again later and later, says so once, and gathers what happens meanwhile', async () => {
    outcome = () => Promise.reject(new SendError('greeting never came', false));
    mailer.tell([web]);
    await after(1_000);
    mailer.tell([server]);
    await after(4_999);
    expect(sent).toHaveLength(1);
    await after(1);
    expect(sent).toHaveLength(2);
    await after(10_000);
    expect(sent).toHaveLength(3);
    expect(mailer.status).toMatchObject({ failed: 3, waiting: 2, problem: 'greeting never came' });
    outcome = () => Promise.resolve();
    await after(20_000);
    expect(sent[3]?.subject).toMatch(/and 1 more$/);
    expect(said()).toEqual([
      'warn e-mail cannot be delivered to mail.example.org:587: greeting never came; it is tried again in 5 s, then later and later',
      'info e-mail is delivered to mail.example.org:587 again',
      'info e-mail on 2 events sent to operators@example.org',
    ]);
    expect([1, 2, 8, 50].map(retryDelay)).toEqual([5_000, 10_000, 600_000, 600_000]);
  });

  it('keeps a thousand events at most: the oldest go, counted, and the message tells of them', async () => {
    outcome = () => Promise.reject(new SendError('no route', false));
    mailer.tell([web]);
    await after(1_000);
    for (let index = 0; index < 2_000; index++) mailer.tell([server]);
    expect(mailer.status).toMatchObject({ waiting: 1_000, dropped: 1_001 });
    outcome = () => Promise.resolve();
    await after(5_000);
    expect(sent.at(-1)?.text).toContain('1001 earlier events are lost');
    mailer.tell([server]);
    await after(2_000);
    expect(sent.at(-1)?.text).not.toContain('lost');
  });

  it('does not say again what the server refuses for good', async () => {
    outcome = () => Promise.reject(new SendError('550 no such user', true));
    mailer.tell([web]);
    await after(60_000);
    expect(sent).toHaveLength(1);
    expect(said()).toEqual(['warn 1 event will not be told by e-mail: mail.example.org:587 refuses the message: 550 no such user']);
    expect(mailer.status).toMatchObject({ dropped: 1, waiting: 0 });
  });

  it('sends what waits by new settings at once', async () => {
    outcome = () => Promise.reject(new SendError('wrong password', false));
    mailer.tell([web]);
    await after(1_000);
    outcome = () => Promise.resolve();
    mailer.configure({ routerId: 'director-a', email: { ...email, port: 25 } });
    await after(0);
    expect(mailer.status).toMatchObject({ server: 'mail.example.org:25', sent: 1, waiting: 0 });
  });

  it('tries once more at the stop, within its limit, and counts what is left', async () => {
    outcome = () => Promise.reject(new SendError('no route', false));
    mailer.tell([web]);
    await after(1_000);
    mailer.tell([{ ...web, to: 'STOP' }]);
    const finished = mailer.finish(5_000);
    await after(5_000);
    await finished;
    expect(sent.at(-1)?.subject).toBe('[director-a] web: BACKUP -> STOP and 1 more');
    expect(said().at(-1)).toBe('warn 2 events will not be told by e-mail: tandemd stops');
  });
});
