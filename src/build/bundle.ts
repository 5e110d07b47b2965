/**
 * Makes one file of each program, in `dist/bundle`; part of `npm run build`. Node takes longer to find, read and link the 500 modules of a
 * start than to run them. What is imported only when it is needed stays a file of its own. CommonJS, which Node 20 starts faster than ES modules.
 */
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type OutputOptions, rolldown } from 'rolldown';
import { nodeEnvironment, nodeOptions } from '../supervisor/node-options.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** As deep as `dist/bin`: paths relative to a module lead to the same place from both. */
const folder = `${root}dist/bundle`;
/** They find their native part beside themselves. */
const native = ['koffi', 'raw-socket', 'netlink/dist/raw.js'];

/** Less to read, and in one octet a character, which V8 keeps as it is: for a single arrow in a text it would take two for all of a file. Lines and names stay, for stack traces. */
const lean: OutputOptions = { comments: { legal: true, annotation: false, jsdoc: false }, minify: { compress: false, mangle: false, codegen: { removeWhitespace: false, asciiOnly: true } } };

/** What `env` is given: the supervisor runs as it runs its children. */
const runners: Readonly<Record<string, string>> = {
  tandemd: ['-S', ...Object.entries(nodeEnvironment).map(([name, value]) => `${name}=${value}`), 'node', ...nodeOptions.tandemd].join(' '),
};

const launcher = (program: string): string => `#!/usr/bin/env ${runners[program] ?? 'node'}
import { createRequire } from 'node:module';
createRequire(import.meta.url)('../bundle/${program}.js');
`;

// chunks of an earlier build would stay for ever
rmSync(folder, { recursive: true, force: true });
for (const program of ['tandemd', 'vrrp', 'lvs', 'tandem']) {
  // each by itself: what programs have in common would become files of their own
  const bundle = await rolldown({ cwd: root, input: `src/bin/${program}.ts`, platform: 'node', external: native });
  await bundle.write({ dir: folder, format: 'cjs', dynamicImportInCjs: false, chunkFileNames: `${program}-[name].js`, sourcemap: true, ...lean });
  await bundle.close();
  // in the place of what the compiler wrote
  const path = `${root}dist/bin/${program}.js`;
  writeFileSync(path, launcher(program));
  chmodSync(path, 0o755);
}
writeFileSync(`${folder}/package.json`, '{ "type": "commonjs" }\n');
