/** Certificates for the tests of probes, made with the openssl command. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Certificate {
  readonly certificatePath: string;
  readonly keyPath: string;
  readonly pem: string;
}

const openssl = (args: readonly string[]): void => void execFileSync('openssl', args, { stdio: 'pipe' });

/** A self-signed authority. */
export function makeAuthority(directory: string, name: string): Certificate {
  const keyPath = join(directory, `${name}.key`);
  const certificatePath = join(directory, `${name}.pem`);
  openssl(['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', keyPath, '-out', certificatePath, '-days', '30', '-subj', `/CN=${name}`]);
  return { certificatePath, keyPath, pem: readFileSync(certificatePath, 'utf8') };
}

/** A server's certificate by `authority`; `names` as openssl writes them: `DNS:www.example,IP:127.0.0.1`; `dates` as YYMMDDHHMMSSZ. */
export function makeCertificate(directory: string, name: string, authority: Certificate, names: string, dates?: { readonly start: string; readonly end: string }): Certificate {
  const keyPath = join(directory, `${name}.key`);
  const certificatePath = join(directory, `${name}.pem`);
  const requestPath = join(directory, `${name}.csr`);
  const configurationPath = join(directory, `${name}.cnf`);
  const databasePath = join(directory, `${name}.db`);
  const serialPath = join(directory, `${name}.serial`);
  writeFileSync(databasePath, '');
  writeFileSync(serialPath, `${Buffer.from(name).toString('hex').slice(0, 30)}\n`);
  writeFileSync(
    configurationPath,
    `[ca]\ndefault_ca=c\n[c]\ndatabase=${databasePath}\nserial=${serialPath}\nnew_certs_dir=${directory}\ndefault_md=sha256\npolicy=p\nx509_extensions=x\n[p]\ncommonName=supplied\n[x]\nsubjectAltName=${names}\n`,
  );
  openssl(['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', keyPath, '-out', requestPath, '-subj', `/CN=${name}`]);
  const validity = dates === undefined ? ['-days', '10'] : ['-startdate', dates.start, '-enddate', dates.end];
  openssl(['ca', '-batch', '-notext', '-config', configurationPath, '-cert', authority.certificatePath, '-keyfile', authority.keyPath, '-in', requestPath, '-out', certificatePath, ...validity]);
  return { certificatePath, keyPath, pem: readFileSync(certificatePath, 'utf8') };
}
