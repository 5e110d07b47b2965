/** Hands one message to a mail server, by nodemailer: TLS, authentication, encoding are its work. */
import { readFile } from 'node:fs/promises';
import nodemailer from 'nodemailer';
import type { EmailConfiguration } from '../config/model.js';
import { mask } from '../config/secrets.js';
import { inWords } from '../control/in-words.js';
import { toMilliseconds, toSeconds } from '../time/microseconds.js';
import type { MailMessage } from './mail-message.js';
import { SendError } from './mailer.js';

const passwordOf = async ({ password, passwordFile }: EmailConfiguration): Promise<string | undefined> => {
  if (passwordFile === undefined) return password;
  const [line = ''] = (await readFile(passwordFile, 'utf8')).split(/\r?\n/, 1);
  if (line === '') throw new SendError(`${passwordFile} holds no password in its first line`, false);
  return line;
};

/** Of the envelope or the message itself, and not of the login: to say the same again would be of no use (RFC 5321 4.2.1). */
const isPermanent = (error: unknown): boolean =>
  error instanceof Error && 'responseCode' in error && Number(error.responseCode) >= 500 && 'code' in error && (error.code === 'EENVELOPE' || error.code === 'EMESSAGE');

/** @throws SendError; the password is never in it */
export const sendMail = async (email: EmailConfiguration, { subject, text }: MailMessage, signal: AbortSignal): Promise<void> => {
  const { server, port, tls, verify, user, from, to, timeout } = email;
  const late = new AbortController();
  let password: string | undefined;
  try {
    password = user === undefined ? undefined : await passwordOf(email);
    const ca = email.ca === undefined || tls === 'none' ? undefined : await readFile(email.ca, 'utf8');
    const milliseconds = toMilliseconds(timeout);
    const transport = nodemailer.createTransport({
      host: server,
      port,
      secure: tls === 'implicit',
      requireTLS: tls === 'starttls',
      ignoreTLS: tls === 'none',
      tls: { rejectUnauthorized: verify, ...(ca === undefined ? {} : { ca }) },
      ...(user === undefined ? {} : { auth: { user, pass: password } }),
      dnsTimeout: milliseconds,
      connectionTimeout: milliseconds,
      greetingTimeout: milliseconds,
      socketTimeout: milliseconds,
      // a host that has only loopback addresses may have its mail server there
      allowInternalNetworkInterfaces: true,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
    const headers = { 'Auto-Submitted': 'auto-generated' };
    const limit = setTimeout(() => late.abort(), milliseconds);
    await transport.sendMail({ from, to: [...to], subject, text, headers, signal: AbortSignal.any([signal, late.signal]) }).finally(() => clearTimeout(limit));
  } catch (error) {
    if (error instanceof SendError) throw error;
    if (late.signal.aborted) throw new SendError(`not taken within ${toSeconds(timeout)} s`, false);
    const words = inWords(error);
    throw new SendError(password === undefined ? words : words.replaceAll(password, mask), isPermanent(error));
  }
};
