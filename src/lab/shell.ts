/** A shell inside a lab, on the terminal that this process has: through the guest's second serial line. */
import type { Lab } from './lab.js';

const welcome = (names: string): string => `
The pair is running. Each host is a network namespace, and a command here:
  ${names}
  cli curl -s http://10.0.0.100/   what a client sees
  d1 ipvsadm -Ln                   the kernel's table on a director
  tandem d1 status                 the operator's command on a director
  tail -f /run/d1/log              its log; its configuration: /run/d1/tandem.yaml
  cut d1 / join d1                 pull a host's cable, plug it in again
  exit                             power the lab off

`;

const functions = (names: readonly string[]): string => `
PS1='lab:\\w# '
${names.map((name) => `${name}() { ip netns exec ${name} "$@"; }`).join('\n')}
tandem() { local host=$1; shift; ip netns exec $host node dist/bin/tandem.js --runtime-dir /run/$host "$@"; }
cut() { ip -n sw link set $1 down; }
join() { ip -n sw link set $1 up; }
`;

/** Runs an interactive bash with one command for each host; resolves with its exit status. */
export async function runShell(lab: Lab, hosts: readonly string[]): Promise<number> {
  const { stdin, stdout } = process;
  await lab.must(`cat >/run/shell <<'END'\n${functions(hosts)}END`);
  stdout.write(welcome(hosts.join(' ')));
  const size = stdout.isTTY ? `rows ${stdout.rows} cols ${stdout.columns}` : '';
  const shell = lab.start(
    'shell',
    `exec <>/dev/ttyS1 >&0 2>&0; stty sane ${size}; export TERM='${process.env['TERM'] ?? 'dumb'}'
     exec setsid --ctty --wait bash --rcfile /run/shell -i`,
  );
  lab.terminal.pipe(stdout, { end: false });
  // what is typed before the shell has its terminal would be lost
  lab.terminal.once('data', () => {
    if (stdin.isTTY) stdin.setRawMode(true); // an interrupt is the guest's terminal's to act on
    stdin.on('data', (data) => lab.terminal.write(data));
    stdin.on('end', () => lab.terminal.write('\x04'));
  });
  const resized = (): void => void lab.start('resize', `stty -F /dev/ttyS1 rows ${stdout.rows} cols ${stdout.columns}`);
  stdout.on('resize', resized);
  try {
    return await shell.exited;
  } finally {
    stdout.off('resize', resized);
    if (stdin.isTTY) stdin.setRawMode(false);
    stdin.destroy();
  }
}
