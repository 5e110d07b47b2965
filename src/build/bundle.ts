/**
 * Makes one file of each program, in `dist/bundle`, and what starts it, in `dist/bin`; part of `npm run build`. Node takes longer to find, read, link
 * and compile the 500 modules of a start than to run them. What is imported only when it is needed stays a file of its own. CommonJS, which Node 20
 * starts faster than ES modules.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type OutputOptions, rolldown } from 'rolldown';
import { nodeEnvironment, nodeOptions } from '../supervisor/node-options.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** As deep as `dist/bin`: paths relative to a module lead to the same place from both; what they hold are expressions, not modules (bin/launch.ts). */
const folder = `${root}dist/bundle`;
/** They find their native part beside themselves. */
const native = ['koffi', 'raw-socket', 'netlink/dist/raw.js'];

/** Less to read, and in one octet a character, which V8 keeps as it is: for a single arrow in a text it would take two for all of a file. Lines and names stay, for stack traces. */
const lean: OutputOptions = { comments: { legal: true, annotation: false, jsdoc: false }, minify: { compress: false, mangle: false, codegen: { removeWhitespace: false, asciiOnly: true } } };

/** What `env` is given: the supervisor runs as it runs its children. */
const runners: Readonly<Record<string, string>> = {
  tandemd: ['-S', ...Object.entries(nodeEnvironment).map(([name, value]) => `${name}=${value}`), 'node', ...nodeOptions.tandemd].join(' '),
};

/** @returns the files that were written, whose functions bin/launch.ts calls */
const bundle = async (program: string): Promise<string[]> => {
  // each by itself: what programs have in common would become files of their own
  const made = await rolldown({ cwd: root, input: `src/bin/${program}.ts`, platform: 'node', external: native });
  const { output } = await made.write({ dir: folder, format: 'cjs', dynamicImportInCjs: false, chunkFileNames: `${program}-[name].js`, sourcemap: true, ...lean });
  await made.close();
  const paths = output.filter(({ type }) => type === 'chunk').map(({ fileName }) => `${folder}/${fileName}`);
  for (const path of paths) {
    const code = readFileSync(path, 'utf8');
    if (/[^\x00-\x7f]/.test(code)) throw new Error(`${path} is not ASCII alone: bin/launch.ts reads it as Latin-1`);
    writeFileSync(path, `(function (exports, require, module, __filename, __dirname) { ${code}\n})`);
  }
  return paths;
};

const launcher = async (): Promise<string> => {
  const made = await rolldown({ cwd: root, input: 'src/bin/launch.ts', platform: 'node' });
  const { output } = await made.generate({ format: 'cjs', ...lean });
  await made.close();
  return output[0].code;
};

// chunks of an earlier build would stay for ever
rmSync(folder, { recursive: true, force: true });
const launch = await launcher();
for (const program of ['tandemd', 'vrrp', 'lvs', 'tandem'] as const) {
  const paths = await bundle(program);
  execFileSync(process.execPath, [...(program === 'tandem' ? [] : nodeOptions[program]), fileURLToPath(new URL('./code-cache.js', import.meta.url)), ...paths], { stdio: 'inherit' });
  // in the place of what the compiler wrote
  const path = `${root}dist/bin/${program}.js`;
  writeFileSync(path, `#!/usr/bin/env ${runners[program] ?? 'node'}\n${launch}`);
  chmodSync(path, 0o755);
}
writeFileSync(`${root}dist/bin/package.json`, '{ "type": "commonjs" }\n');
