/** `tandem import`: turns another program's configuration into Tandem's. */
import type { Command } from 'commander';
import { ImportError, type Importer } from '../import/conversion.js';
import { registerImportKeepalived } from './import-keepalived.js';
import type { Tools } from './operate.js';

interface Source {
  readonly name: string;
  readonly description: string;
  /** of the argument */
  readonly file: string;
  readonly load: () => Promise<Importer>;
}

const sources: readonly Source[] = [
  {
    name: 'ipvsadm',
    description: 'from what ipvsadm -Sn saves, and from all else that ipvsadm -R reads',
    file: 'a file of rules; - = standard input',
    load: async () => (await import('../import/ipvsadm/import.js')).importIpvsadm,
  },
];

export const addImportCommands = (program: Command, tools: Tools): void => {
  const command = program.command('import').description("turn another program's configuration into Tandem's");
  for (const source of sources) addSource(command, source, tools);
  registerImportKeepalived(command, tools);
};

const addSource = (command: Command, { name, description, file: fileDescription, load }: Source, { print, fail }: Tools): void => {
  command
    .command(name)
    .description(description)
    .argument('<file>', fileDescription)
    .option('-o, --output <file>', 'write the configuration there instead of to standard output')
    .option('--force', 'replace the output file if it is there')
    .action(async (file: string, { output, force = false }: { output?: string; force?: boolean }) => {
      const importer = await load();
      try {
        const { configuration, messages } = await importer(file);
        if (messages !== '') process.stderr.write(messages.endsWith('\n') ? messages : `${messages}\n`);
        if (configuration === undefined) {
          process.exitCode = 3;
          return;
        }
        if (output === undefined) {
          print(configuration.trimEnd());
          return;
        }
        await (await import('../import/output.js')).writeConfiguration(output, configuration, force);
      } catch (error) {
        if (error instanceof ImportError) throw fail(error.message, 1);
        throw error;
      }
    });
};
