/**
 * Writes V8's code cache of each file beside it, for bin/launch.ts; part of `npm run build`, which runs it as `node OPTIONS code-cache.js FILE...` with the
 * options of the program that will read it, since V8 compares them.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';

// all functions, not only those that run at once: what a start, a takeover or a reload calls is among them
setFlagsFromString('--no-lazy');
const scripts = process.argv.slice(2).map((filename) => ({ filename, script: new Script(readFileSync(filename, 'latin1'), { filename }) }));
setFlagsFromString('--lazy');
for (const { filename, script } of scripts) writeFileSync(`${filename}.cache`, script.createCachedData());
