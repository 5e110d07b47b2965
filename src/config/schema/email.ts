/** The `notify:` section of the file: e-mail on what happens. */
import { isIP } from 'node:net';
import { Seconds } from '../../time/microseconds.js';
import { emailCauses } from '../model.js';
import { list, mapping, textual } from './kinds.js';
import { duration, flag, oneOf, port, someText } from './values.js';

const server = () =>
  textual('the name or address of a mail server, such as mail.example.org', (text, fail) => (isIP(text) !== 0 || /^[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9])?$/i.test(text) ? text : fail()), {});

/** No more than what cannot be one is refused: the server has the last word (RFC 5321 4.1.2). */
const mailbox = () => textual('a mail address such as operators@example.org', (text, fail) => (/^[^\s<>,;:"()[\]\\@\u0000-\u001f]{1,64}@[^\s<>,;:"()\\@\u0000-\u001f]{1,255}$/u.test(text) ? text : fail()));

const wholePath = (example: string) => textual(`a whole path such as ${example}`, (text, fail) => (/^\/[^\0]*[^/\0]$/.test(text) ? text : fail()));

const email = mapping({
  server: server().describe('Mail server (SMTP) that takes the messages'),
  port: port().optional().describe('Its port; 587 by default with starttls, 465 with implicit, 25 with none'),
  tls: oneOf(['starttls', 'implicit', 'none']).prefault('starttls').describe('starttls: nothing is sent unless the connection could be encrypted; implicit: TLS from the start; none: in the clear'),
  verify: flag().prefault(true).describe("true: the server's certificate must be valid for its name"),
  ca: wholePath('/etc/tandem/mail-ca.pem').optional().describe("PEM file of certificates to verify against instead of the system's"),
  user: someText('the name of a user').optional().describe('Name to log in with; without it no login'),
  password: someText('a text').optional().describe('Password to log in with; better in a file of its own: password_file'),
  password_file: wholePath('/etc/tandem/mail-password').optional().describe('File that holds the password in its first line; read for every delivery'),
  from: mailbox().optional().describe("Sender; tandem@ and the host's name by default"),
  to: list(mailbox(), 'a list of mail addresses such as [operators@example.org]').min(1, { error: 'at least one mail address' }).describe('Receivers'),
  on: list(oneOf(emailCauses), `a list of ${emailCauses.join(', ')}`)
    .min(1, { error: `at least one of ${emailCauses.join(', ')}` })
    .prefault(['instances', 'real_servers', 'quorum', 'split_brain'])
    .describe('What is told of: transitions of instances, of groups; real servers that fail and come back; quorum lost and reached; split brain'),
  timeout: duration({ from: Seconds(1), to: Seconds(600) }).prefault('30s').describe('A delivery that takes longer has failed; it is tried again, later and later, 10 minutes apart at most'),
});

export const notifications = mapping({ email: email.optional().describe('E-mail on transitions, health, split brain') }).prefault({});
