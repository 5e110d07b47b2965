/** The checks across a file, those of its sections by one another, in their order. */
import { readFileSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Surroundings } from './complete.js';
import { readKeys, type ReadSecret } from './cross-checks/authentication.js';
import { readCertificates } from './cross-checks/certificates.js';
import { checkReadableHeaders } from './cross-checks/check-keys.js';
import { readClientCertificates } from './cross-checks/client-certificates.js';
import type { Context } from './cross-checks/context.js';
import { checkEmail, octal } from './cross-checks/email.js';
import { checkFullNat } from './cross-checks/full-nat.js';
import { checkIpvs } from './cross-checks/ipvs.js';
import { checkRouting } from './cross-checks/routing.js';
import { checkPatterns } from './cross-checks/slow-patterns.js';
import { checkVirtualAddressProbes } from './cross-checks/virtual-address-probes.js';
import { checkVirtualServers } from './cross-checks/virtual-servers.js';
import { checkInstanceReference, checkVrrp } from './cross-checks/vrrp.js';
import type { Path } from './document.js';
import type { ParseOptions } from './load-result.js';
import { readableByOthers } from './secrets.js';

/**
 * Reports what is wrong across the file. `path`: of the file, where certificates' relative paths begin.
 * @returns what the configuration needs beside the file
 */
export const checkAcross = (context: Context, path: string, options: ParseOptions): Surroundings => {
  const { file } = context;
  checkVrrp(context);
  checkRouting(context);
  checkIpvs(context);
  if (file.ipvs?.sync?.instance !== undefined) checkInstanceReference(context, file.ipvs.sync.instance, ['ipvs', 'sync', 'instance']);
  checkVirtualServers(context);
  checkPatterns(context);
  checkFullNat(context);
  checkVirtualAddressProbes(context);
  checkEmail(context, options.modeOf ?? ((name) => statSync(name).mode));
  checkPermissions(context, options.mode);
  checkReadableHeaders(context, options.mode);
  const readSecret = options.readSecret ?? readSecretFile;
  const withFiles = options.withoutFiles !== true;
  const certificates = withFiles ? new Map([...readCertificates(context, path, options.readText ?? ((name) => readFileSync(name, 'utf8'))), ...readClientCertificates(context, path, readSecret)]) : new Map<string, string>();
  const keys = withFiles ? readKeys(context, path, readSecret) : new Map<string, string>();
  return { hostName: options.hostName ?? hostname(), certificates, keys };
};

/** A regular file that holds a key. @throws Error when it cannot be read */
export const readSecretFile: ReadSecret = (path) => {
  const status = statSync(path);
  // a FIFO would keep us waiting
  if (!status.isFile()) throw new Error('it is no regular file');
  return { text: readFileSync(path, 'utf8'), mode: status.mode };
};

/** Of a file without errors. */
export const checkPurpose = ({ file, report }: Context): void => {
  if (file.vrrp?.instances?.length === 0 && file.virtual_servers?.length === 0) report([], { severity: 'warning', code: 'doubtful', message: 'the file has neither instances nor services: there is nothing to do', remedy: 'add vrrp.instances or virtual_servers', at: 'key' });
};

const checkPermissions = ({ file, given, report }: Context, mode: number | undefined): void => {
  if (mode === undefined || (mode & readableByOthers) === 0) return;
  // an entry that cannot be read may hold one
  const holdsSecret = (instance: NonNullable<NonNullable<typeof file.vrrp>['instances']>[number], each: number): boolean =>
    given(['vrrp', 'instances', each, 'authentication']) && (instance?.authentication?.type !== 'hmac' || instance.authentication.keys?.every((key) => key?.key_file !== undefined) !== true);
  const index = file.vrrp?.instances?.findIndex(holdsSecret) ?? -1;
  const ofEmail: Path = ['notify', 'email', 'password'];
  const place: Path | undefined = index !== -1 ? ['vrrp', 'instances', index, 'authentication'] : given(ofEmail) ? ofEmail : undefined;
  if (place === undefined) return;
  const secret = file.vrrp?.instances?.[index]?.authentication?.type === 'hmac' ? 'key' : 'password';
  report(place, { severity: 'warning', code: 'secret_readable', message: `others can read this file (mode ${octal(mode)}), and it holds a ${secret}`, remedy: 'chmod 600 the file', at: 'key' });
};
