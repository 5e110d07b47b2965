/** `tandem doctor`: looks for the classic mistakes on this host, and says what mends them. */
import type { Command } from 'commander';
import { inWords } from '../control/in-words.js';
import type { Tools } from './operate.js';

const defaultConfig = '/etc/tandem/tandem.yaml';

interface Options {
  readonly config?: string;
  readonly realServer?: boolean;
  readonly peer?: string;
  readonly wait?: string;
  readonly json?: boolean;
}

export const addDoctorCommand = (program: Command, { print, fail }: Tools, { printError, runtimeDirectory }: { readonly printError: (text: string) => void; readonly runtimeDirectory: () => string }): void => {
  program
    .command('doctor')
    .description('look for the classic mistakes on this host, and say what mends them; exit code 1 when there are any')
    .option('--config <file>', 'the configuration file', defaultConfig)
    .option('--real-server', 'look at this host as a real server (without: found out by its addresses)')
    .option('--peer <file>', "compare with the other director's `tandem status --json` or `ipvsadm -Sn`")
    .option('--wait <duration>', 'listen so long (default: 3 s, or three advertisement intervals up to 10 s)')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nChanges nothing. It needs root (CAP_NET_RAW and CAP_NET_ADMIN) to see everything.')
    .action(async ({ config = defaultConfig, realServer, peer, wait, json }: Options, command: Command) => {
      const [{ parseDuration }, { loadConfiguration }, { formatDiagnostics }, { readFile }] = await Promise.all([import('../config/duration.js'), import('../config/load.js'), import('../config/format-diagnostics.js'), import('node:fs/promises')]);
      const duration = wait === undefined ? undefined : parseDuration(wait);
      if (wait !== undefined && duration === undefined) throw fail(`--wait ${wait}: give a duration, e.g. 5s or 500ms`, 2);
      const { existsSync } = await import('node:fs');
      // a real server need not have the director's file
      const isOptional = realServer === true && command.getOptionValueSource('config') === 'default' && !existsSync(config);
      const result = isOptional ? undefined : await loadConfiguration(config);
      if (result && !result.ok) {
        printError(formatDiagnostics(result.diagnostics, result.text).trimEnd());
        if (!existsSync(config)) printError('     = on a real server: tandem doctor --real-server, or --config with a copy of the directors\' file');
        process.exitCode = 3;
        return;
      }
      const [{ gather }, { examine }, { formatReport, reportAsJson }, { PeerTableError, readPeerTable }] = await Promise.all([import('../doctor/gather.js'), import('../doctor/examine.js'), import('../doctor/report-text.js'), import('../doctor/peer-table.js')]);
      const readPeer = async (path: string) => {
        try {
          return await readPeerTable(await readFile(path, 'utf8'), path);
        } catch (error) {
          throw fail(`--peer ${path}: ${error instanceof PeerTableError ? error.message : inWords(error)}`, 2);
        }
      };
      const facts = await gather({
        role: realServer === true ? 'real_server' : undefined,
        configuration: result?.configuration,
        file: result && { path: config, sha256: result.sha256 },
        runtimeDirectory: runtimeDirectory(),
        wait: duration === undefined ? undefined : duration / 1_000,
        peer: peer === undefined ? undefined : await readPeer(peer),
      });
      const report = examine(facts);
      print(json === true ? reportAsJson(report, facts) : formatReport(report, facts));
      if (report.findings.length > 0) process.exitCode = 1;
    });
};
