// Runs inside the lab kernel: node view-driver.mjs DIST OPTIONS... runs `tandem ipvs OPTIONS` and `ipvsadm OPTIONS` for each, in this
// process what Tandem does, and prints what both showed as JSON. What moves is read before and after, and again until nothing moved between.
import { execFileSync } from 'node:child_process';

const [, , dist, ...all] = process.argv;
const { Command } = await import('commander');
const { addIpvsCommand } = await import(`${dist}/commands/ipvs.js`);

const ipvsadm = (options) => execFileSync('/sbin/ipvsadm', options, { encoding: 'utf8' });
const write = process.stdout.write.bind(process.stdout);
const tandem = async (options) => {
  const program = new Command().exitOverride();
  addIpvsCommand(program, { fail: (message) => new Error(message) });
  let shown = '';
  process.stdout.write = (text) => ((shown += text), true);
  try {
    await program.parseAsync(['ipvs', ...options], { from: 'user' });
  } finally {
    process.stdout.write = write;
  }
  return shown;
};

const results = [];
for (const given of all) {
  const options = given.split(' ');
  let last;
  for (let attempt = 0; attempt < 20; attempt++) {
    const before = ipvsadm(options);
    const shown = await tandem(options);
    last = { options: given, shown, before, after: ipvsadm(options) };
    if (shown === before || shown === last.after) break;
  }
  results.push(last);
}
write(JSON.stringify(results));
