/** The keys of health checks of type smtp, beside those of TLS. */
import { textual } from './kinds.js';
import { flag } from './values.js';

/** RFC 5321 4.1.1.1: a domain, or an address in brackets. */
const heloName = () =>
  textual('a host name such as director.example.org, or an address in brackets such as "[192.0.2.1]"', (text, fail) =>
    /^(?=.{1,253}$)(\[[\w.:-]+\]|[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_][a-z0-9_-]{0,62})*)$/i.test(text) ? text : fail(),
  );

export const smtpKeys = {
  helo: heloName().optional().describe("smtp: the name given in EHLO; the probe's own address in brackets by default"),
  starttls: flag().optional().describe('smtp: the server must offer STARTTLS, and TLS must succeed').meta({ lastDefault: false }),
  implicit_tls: flag().optional().describe('smtp: TLS from the first octet (port 465)').meta({ lastDefault: false }),
};
