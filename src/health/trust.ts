/** Which authorities a probe trusts: one TLS context for all checks that trust the same, as each costs memory and time. */
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContext } from 'node:tls';

/** Where distributions keep the bundle of the system's authorities: Debian, Red Hat, SUSE. */
const systemBundles = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt', '/etc/ssl/ca-bundle.pem'];

/** More different bundles than this at once are not expected; those of earlier configurations must not pile up. */
const maximumContexts = 16;

const contexts = new Map<string, SecureContext>();

/** `ca`: PEM text; undefined = the system's authorities (Node's own where the system has no bundle). Throws on a bundle that is no PEM. */
export function secureContext(verify: boolean, ca: string | undefined): SecureContext {
  const key = verify ? (ca ?? 'system') : 'none';
  const known = contexts.get(key);
  if (known !== undefined) return known;
  const bundle = verify ? (ca ?? systemBundle()) : undefined;
  const context = createSecureContext(bundle === undefined ? {} : { ca: bundle });
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
