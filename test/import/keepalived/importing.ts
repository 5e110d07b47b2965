/** Importing texts in tests: files in memory, the result as plain data. */
import { dirname, join } from 'node:path/posix';
import { parse } from 'yaml';
import type { Diagnostic } from '../../../src/config/diagnostic.js';
import { parseConfiguration } from '../../../src/config/parse.js';
import { importConfiguration } from '../../../src/import/keepalived/import.js';
import type { Surroundings } from '../../../src/import/keepalived/surroundings.js';

export const surroundings = (files: Readonly<Record<string, string>> = {}, more: Partial<Surroundings> = {}): Surroundings => ({
  host: 'director-a',
  readText: (path) => {
    const text = files[path];
    if (text === undefined) throw new Error('there is no such file');
    return text;
  },
  glob: (pattern, directory) => {
    const whole = pattern.startsWith('/') ? pattern : join(directory, pattern);
    const matches = new RegExp(`^${whole.replaceAll('.', '\\.').replaceAll('*', '[^/]*')}$`);
    return Object.keys(files).filter((path) => dirname(path) === dirname(whole) && matches.test(path)).sort();
  },
  hasUser: () => false,
  routingTable: () => undefined,
  ipvsSetting: () => undefined,
  environment: () => undefined,
  ...more,
});

export interface Imported {
  readonly text: string | undefined;
  /** of the result; undefined when there are errors */
  readonly data: Tree;
  readonly diagnostics: readonly Diagnostic[];
  /** `warning 3:5 message` */
  readonly told: readonly string[];
}

/** Plain data of which a test knows the form. */
export type Tree = { readonly [key: string]: Tree } & readonly Tree[];

export const importText = (text: string, from: Surroundings = surroundings(), path = '/etc/keepalived/keepalived.conf'): Imported => {
  const { text: result, diagnostics } = importConfiguration(path, text, from);
  const told = diagnostics.map(({ severity, line, column, message }) => `${severity} ${line}:${column} ${message}`);
  if (result !== undefined) {
    const loaded = parseConfiguration(result, 'tandem.yaml', { readText: () => '', readSecret: () => ({ text: `hex:${'ab'.repeat(32)}`, mode: 0o600 }) });
    if (!loaded.ok) throw new Error(`the result does not pass tandem check: ${JSON.stringify(loaded.diagnostics)}\n${result}`);
  }
  return { text: result, data: (result === undefined ? {} : parse(result)) as Tree, diagnostics, told };
};

/** An instance with one address, and what is written into it. */
export const instance = (body: string, name = 'VI_1', id = 51, address = '192.0.2.10'): string => `vrrp_instance ${name} {\n  interface eth0\n  virtual_router_id ${id}\n  virtual_ipaddress {\n    ${address}\n  }\n${body}\n}\n`;

/** A virtual server over TCP with one real server, and what is written into each. */
export const service = (body: string, realServer = 'weight 1'): string => `virtual_server 192.0.2.10 80 {\n  protocol TCP\n${body}\n  real_server 192.0.2.22 80 {\n${realServer}\n  }\n}\n`;
