/** Reading a configuration file: everything wrong with it at once, or the configuration. Never an exception. */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { hostname } from 'node:os';
import { complete } from './complete.js';
import { readKeys, type ReadSecret } from './cross-checks/authentication.js';
import { readCertificates, type ReadText } from './cross-checks/certificates.js';
import { checkReadableHeaders } from './cross-checks/check-keys.js';
import { readClientCertificates } from './cross-checks/client-certificates.js';
import { checkPatterns } from './cross-checks/slow-patterns.js';
import type { Context } from './cross-checks/context.js';
import { checkEmail, octal, type ModeOf } from './cross-checks/email.js';
import { checkRouting } from './cross-checks/routing.js';
import { checkFullNat } from './cross-checks/full-nat.js';
import { checkIpvs } from './cross-checks/ipvs.js';
import { checkInstanceReference, checkVrrp } from './cross-checks/vrrp.js';
import { checkVirtualServers } from './cross-checks/virtual-servers.js';
import type { Diagnostic } from './diagnostic.js';
import { readDocument, type Path, type SourceDocument } from './document.js';
import { readableByOthers } from './secrets.js';
import { reportIssues } from './issues.js';
import type { Configuration } from './model.js';
import { collector, type Collector } from './report.js';
import { readable } from './schema-walk.js';
import { fileSchema } from './schema.js';
import { inWords } from '../control/in-words.js';

export { formatDiagnostics, type Diagnostic } from './diagnostic.js';

export type LoadResult = LoadedConfiguration | RejectedConfiguration;

export interface LoadedConfiguration {
  readonly ok: true;
  readonly configuration: Configuration;
  readonly warnings: readonly Diagnostic[];
  readonly text: string;
  /** of the file's bytes, in hexadecimal */
  readonly sha256: string;
}

export interface RejectedConfiguration {
  readonly ok: false;
  /** errors and warnings, in the order of the file */
  readonly diagnostics: readonly Diagnostic[];
  /** what could be read, to show the lines; empty when nothing could */
  readonly text: string;
}

export interface ParseOptions {
  /** default of router_id; the host's name otherwise */
  readonly hostName?: string;
  /** permission bits of the file: warns when others can read a secret */
  readonly mode?: number;
  /** reads a certificate file; throws when it cannot */
  readonly readText?: ReadText;
  /** permission bits of a file that the configuration names */
  readonly modeOf?: ModeOf;
  /** reads a file that holds a key, or a client certificate; throws when it cannot */
  readonly readSecret?: ReadSecret;
  /** files that hold keys and certificates are not read: they need not be there, and what they hold is missing */
  readonly withoutFiles?: boolean;
}

/** More than a thousand services with their servers: what is larger is not ours. */
const largestFile = 16 * 1_048_576;

/** Reads and parses the file. What the system refuses (missing, unreadable, a directory) is a diagnostic too. */
export const loadConfiguration = async (path: string, options: ParseOptions = {}): Promise<LoadResult> => {
  try {
    const file = await open(path, 'r');
    try {
      const status = await file.stat();
      if (status.isDirectory()) return unreadable(path, `${path} is a directory`);
      if (status.isCharacterDevice() || status.isBlockDevice()) return unreadable(path, `${path} is a device`);
      if (status.size > largestFile) return unreadable(path, `${path} is larger than 16 MiB`);
      const bytes = await file.readFile();
      const text = decode(bytes);
      if (typeof text === 'number') return unreadable(path, `${path} is no text in UTF-8 (byte ${text + 1})`);
      return parse(text, sha256(bytes), path, { mode: status.mode, ...options });
    } finally {
      await file.close();
    }
  } catch (error) {
    return unreadable(path, `${path} cannot be read: ${reasonOf(error)}`);
  }
};

/** Parses the text of a file; `path` is what messages call it, and where certificates' relative paths begin. */
export const parseConfiguration = (text: string, path: string, options: ParseOptions = {}): LoadResult => parse(text, sha256(text), path, options);

const sha256 = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');

/** The text, or the offset of the first byte that is not UTF-8. */
const decode = (bytes: Buffer): string | number => {
  const text = bytes.toString('utf8');
  if (!text.includes('\ufffd')) return text;
  const again = Buffer.from(text, 'utf8');
  return again.equals(bytes) ? text : bytes.findIndex((byte, index) => byte !== again[index]);
};

const reasons: Readonly<Record<string, string>> = { ENOENT: 'there is no such file', EACCES: 'permission denied', EPERM: 'permission denied', ELOOP: 'too many symbolic links', ENOTDIR: 'part of the path is no directory', ENAMETOOLONG: 'the name is too long', EISDIR: 'it is a directory' };
const reasonOf = (error: unknown): string => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return reasons[code] ?? inWords(error);
};

const fileProblem = (path: string, code: Diagnostic['code'], message: string, remedy: string): Diagnostic => ({ severity: 'error', code, path, line: 1, column: 1, length: 0, message, remedy });

const unreadable = (path: string, message: string): RejectedConfiguration => ({ ok: false, diagnostics: [fileProblem(path, 'unreadable', message, 'give the path of a YAML file that can be read')], text: '' });

const parse = (text: string, digest: string, path: string, options: ParseOptions): LoadResult => {
  const document = readDocument(text);
  const collected = collector(document, path);
  document.problems.forEach(collected.problem);
  if (document.problems.length === 0 && (document.value === null || document.value === undefined)) {
    return { ok: false, diagnostics: [fileProblem(path, 'empty', 'the file is empty', 'write at least an instance (vrrp.instances) or a service (virtual_servers)')], text };
  }
  const configuration = validate(document, collected, path, options);
  const diagnostics = collected.diagnostics();
  if (configuration === undefined || diagnostics.some(({ severity }) => severity === 'error')) return { ok: false, diagnostics, text };
  return { ok: true, configuration, warnings: diagnostics, text, sha256: digest };
};

/** Reports all that is wrong; the configuration when nothing is. */
const validate = (document: SourceDocument, collected: Collector, path: string, options: ParseOptions): Configuration | undefined => {
  if (document.value === undefined) return undefined;
  const parsed = fileSchema.safeParse(document.value, { reportInput: false });
  if (!parsed.success) reportIssues(parsed.error.issues, fileSchema, document, collected.report);
  // the parts that are right by themselves are checked against each other, whatever is wrong elsewhere
  const file = parsed.success ? parsed.data : readable(fileSchema, document.value);
  if (file === undefined) return undefined;
  const context: Context = { file, report: collected.report, lineOf: collected.lineOf, given: document.has, valueAt: (where) => valueAt(document.value, where) };
  checkVrrp(context);
  checkRouting(context);
  checkIpvs(context);
  if (file.ipvs?.sync?.instance !== undefined) checkInstanceReference(context, file.ipvs.sync.instance, ['ipvs', 'sync', 'instance']);
  checkVirtualServers(context);
  checkPatterns(context);
  checkFullNat(context);
  checkEmail(context, options.modeOf ?? ((name) => statSync(name).mode));
  checkPermissions(context, options.mode);
  checkReadableHeaders(context, options.mode);
  const readSecret = options.readSecret ?? readSecretFile;
  const withFiles = options.withoutFiles !== true;
  const certificates = withFiles ? new Map([...readCertificates(context, path, options.readText ?? ((name) => readFileSync(name, 'utf8'))), ...readClientCertificates(context, path, readSecret)]) : new Map<string, string>();
  const keys = withFiles ? readKeys(context, path, readSecret) : new Map<string, string>();
  if (collected.diagnostics().every(({ severity }) => severity === 'warning')) checkPurpose(context);
  return parsed.success ? complete(parsed.data, { hostName: options.hostName ?? hostname(), certificates, keys }) : undefined;
};

/** A regular file that holds a key. @throws Error when it cannot be read */
export const readSecretFile: ReadSecret = (path) => {
  const status = statSync(path);
  // a FIFO would keep us waiting
  if (!status.isFile()) throw new Error('it is no regular file');
  return { text: readFileSync(path, 'utf8'), mode: status.mode };
};

const valueAt = (value: unknown, path: Path): unknown => path.reduce((inner: unknown, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined), value);

const checkPurpose = ({ file, report }: Context): void => {
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
