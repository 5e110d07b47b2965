/** `tandem import keepalived FILE`. */
import type { Command } from 'commander';
import { hostname } from 'node:os';
import { ImportError } from '../import/conversion.js';
import type { Tools } from './operate.js';

interface Options {
  readonly output?: string;
  readonly force?: boolean;
  readonly host?: string;
}

export const registerImportKeepalived = (command: Command, { print, fail }: Pick<Tools, 'print' | 'fail'>): void => {
  command
    .command('keepalived')
    .description('turn a keepalived.conf into tandem.yaml; what has no counterpart is told on standard error')
    .argument('<file>', 'the keepalived.conf; what it includes is read too')
    .option('-o, --output <file>', 'write the configuration there instead of to standard output')
    .option('--force', 'replace the output file if it is there')
    .option('--host <name>', "the name that lines such as @host are for (keepalived's --config-id); the host's by default")
    .action(async (path: string, { output, force = false, host }: Options) => {
      const [{ importFile }, { formatImportDiagnostics }] = await Promise.all([import('../import/keepalived/files.js'), import('../import/keepalived/report.js')]);
      try {
        // keepalived takes the name up to the first dot (uname -n)
        const result = importFile(path, host ?? hostname().split('.', 1)[0] ?? '');
        const { diagnostics, text, texts } = result;
        if (diagnostics.length > 0) process.stderr.write(formatImportDiagnostics(diagnostics, texts));
        if (text === undefined) {
          process.exitCode = 3;
          return;
        }
        if (output === undefined) print(text.trimEnd());
        else await (await import('../import/output.js')).writeConfiguration(output, text, force);
      } catch (error) {
        if (error instanceof ImportError) throw fail(error.message, 1);
        throw error;
      }
    });
};
