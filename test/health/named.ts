/** A real BIND with zones of its own on a free port of 127.0.0.1 and ::1. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ServerProcess } from './server-process.js';

/** As the author of a zone file would write it; the TXT records of `large` do not fit into 512 octets. */
const zone = `$TTL 60
@ SOA ns.example.org. admin.example.org. 1 3600 600 86400 60
@ NS ns.example.org.
@ MX 10 mail.example.org.
@ CAA 0 issue "ca.example.net"
ns A 127.0.0.1
mail A 192.0.2.25
www A 192.0.2.10
www A 192.0.2.11
www AAAA 2001:db8::10
alias CNAME www
_sip._udp SRV 10 20 5060 sip.example.org.
sip A 192.0.2.50
text TXT "v=spf1 " "-all"
${Array.from({ length: 12 }, (_, index) => `large TXT "${`${index} `.padEnd(100, 'x')}"`).join('\n')}
`;

/** Zones `example.org` and `broken.example`, whose file cannot be read: SERVFAIL. Anything else is refused. */
export const startNamed = async (directory: string, port: number): Promise<ServerProcess> => {
  const home = join(directory, 'named');
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, 'example.org'), zone);
  writeFileSync(join(home, 'broken'), 'this is no zone\n');
  writeFileSync(
    join(home, 'named.conf'),
    `options { directory "${home}"; listen-on port ${port} { 127.0.0.1; }; listen-on-v6 port ${port} { ::1; }; pid-file none; session-keyfile none; recursion no; dnssec-validation no; max-udp-size 4096; };
controls { };
zone "example.org" { type primary; file "example.org"; };
zone "broken.example" { type primary; file "broken"; };
`,
  );
  return ServerProcess.start('/usr/sbin/named', ['-g', '-n', '1', '-c', join(home, 'named.conf')], '127.0.0.1', port);
};
