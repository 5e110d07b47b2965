/** Which authorities a probe trusts, and what certificate it shows: one TLS context for all checks that agree in both, as each costs memory and time. */
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { ClientCertificate } from '../config/model.js';

/** Where distributions keep the bundle of the system's authorities: Debian, Red Hat, SUSE. */
const systemBundles = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt', '/etc/ssl/ca-bundle.pem'];

/** More different bundles than this at once are not expected; those of earlier configurations must not pile up. */
const maximumContexts = 16;

const contexts = new Map<string, SecureContext>();

/** `ca`: PEM text; undefined = the system's authorities (Node's own where the system has no bundle). Throws on a bundle that is no PEM, and on a certificate that is not of its key. */
export function secureContext(verify: boolean, ca: string | undefined, client?: ClientCertificate): SecureContext {
  const key = [verify ? (ca ?? 'system') : 'none', client?.certificate ?? '', client?.key ?? ''].join('\0');
  const known = contexts.get(key);
  if (known !== undefined) return known;
  const bundle = verify ? (ca ?? systemBundle()) : undefined;
  const context = createSecureContext({ ...(bundle === undefined ? {} : { ca: bundle }), ...(client && { cert: client.certificate, key: client.key }) });
  if (contexts.size >= maximumContexts) contexts.clear();
  contexts.set(key, context);
  return context;
}

function systemBundle(): string | undefined {
  for (const path of systemBundles) {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      // not this distribution's place: the next one
    }
  }
  return undefined;
}
