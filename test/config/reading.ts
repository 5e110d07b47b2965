/** Short ways to read a text in these tests, and a small file to vary. */
import { expect } from 'vitest';
import type { Diagnostic } from '../../src/config/diagnostic.js';
import { formatDiagnostics } from '../../src/config/format-diagnostics.js';
import type { LoadedConfiguration, LoadResult, ParseOptions } from '../../src/config/load.js';
import { parseQuickly, QuickMemory } from '../../src/config/parse-quickly.js';
import { parseConfiguration } from '../../src/config/parse.js';
import type { Configuration, InstanceConfiguration, RealServerConfiguration, VirtualServerConfiguration } from '../../src/config/model.js';

const options: ParseOptions = { hostName: 'director-a' };

/** Both ways of reading must agree: the one for files with nothing wrong, where it goes, and the one that says what is wrong. */
const parsed = (text: string, more: ParseOptions = {}): LoadResult => {
  const texts = new Map<string, string>();
  const readText = more.readText && ((path: string): string => {
    const read = texts.get(path) ?? more.readText?.(path) ?? '';
    texts.set(path, read);
    return read;
  });
  const same = { ...options, ...more, ...(readText && { readText }) };
  const result = parseConfiguration(text, 'tandem.yaml', same);
  const plain = parseQuickly(text, 'tandem.yaml', same, new QuickMemory());
  if (plain !== undefined) expect({ ok: true, warnings: [], configuration: plain }).toEqual({ ok: result.ok, warnings: result.ok ? result.warnings : result.diagnostics, configuration: result.ok && result.configuration });
  return result;
};

/** The configuration of a text that has neither errors nor warnings. */
export const accepted = (text: string): Configuration => {
  const result = acceptedWithWarnings(text);
  expect(formatDiagnostics(result.warnings, text)).toBe('');
  return result.configuration;
};

export const acceptedWithWarnings = (text: string, more: ParseOptions = {}): LoadedConfiguration => {
  const result = parsed(text, more);
  if (!result.ok) throw new Error(formatDiagnostics(result.diagnostics, result.text));
  return result;
};

export const rejected = (text: string, more: ParseOptions = {}): readonly Diagnostic[] => {
  const result = parsed(text, more);
  expect(result.ok).toBe(false);
  return result.ok ? [] : result.diagnostics;
};

/** `line:column code message`, as a table shows them. */
export const brief = (diagnostics: readonly Diagnostic[]): readonly string[] => diagnostics.map(({ line, column, code, message }) => `${line}:${column} ${code} ${message}`);

export const codes = (text: string): readonly string[] => rejected(text).map(({ severity, code }) => (severity === 'error' ? code : `${severity} ${code}`));

export const rendered = (text: string): string => formatDiagnostics(rejected(text), text);

/** A file of one instance with these further keys, and its address list unless the keys have one. */
export const instanceFile = (keys: string, addresses = 'virtual_addresses: [192.0.2.10/24]'): string =>
  `vrrp:\n  instances:\n    - name: web\n      interface: eth0\n      virtual_router_id: 51\n      ${addresses}\n${keys === '' ? '' : `      ${keys}\n`}`;

/** A file of one DR service at port 80 with one server. */
export const serviceFile = (keys: string, server = '{ address: 192.0.2.22 }', base = 'port: 80, forwarding: dr'): string =>
  `virtual_servers:\n  - { name: web, address: 192.0.2.10, ${base}, real_servers: [${server}]${keys === '' ? '' : `, ${keys}`} }\n`;

export const first = <T>(items: readonly T[]): T => {
  const [item] = items;
  if (item === undefined) throw new Error('the list is empty');
  return item;
};

export const instanceOf = (keys: string, addresses?: string): InstanceConfiguration => first(accepted(instanceFile(keys, addresses)).vrrp.instances);
export const serviceOf = (keys: string, server?: string, base?: string): VirtualServerConfiguration => first(accepted(serviceFile(keys, server, base)).virtualServers);
export const serverOf = (keys: string, server?: string, base?: string): RealServerConfiguration => first(serviceOf(keys, server, base).realServers);
