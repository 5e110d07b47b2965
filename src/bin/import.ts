/** `tandem import`: configurations of other programs, each by a subcommand. */
import type { Command } from 'commander';
import { registerImportKeepalived } from './import-keepalived.js';
import type { Tools } from './operate.js';

export const addImportCommand = (program: Command, tools: Pick<Tools, 'print' | 'fail'>): void => {
  const command = program.command('import').description("turn another program's configuration into tandem.yaml");
  registerImportKeepalived(command, tools);
};
