import { createSystemClock } from '#adapters/system';
import { configOrExit, createLog, runProgram, withoutCoreDumps } from '#edge';
import { readConfig } from './config.ts';
import { runDoctor } from './doctor.ts';
import { runDrain } from './drain.ts';
import { startMinerNode } from './program.ts';

const name = 'miner-node';

const config = configOrExit(name, () => readConfig(process.env, process.cwd()));
const clock = createSystemClock();
if (process.argv[2] === 'doctor') {
  process.exit(await runDoctor(config, { clock, env: process.env, json: process.argv[3] === '--json' }));
}
if (process.argv[2] === 'drain' || process.argv[2] === 'undrain') {
  const { code, out, err } = await runDrain(config, { clock, args: process.argv.slice(2) });
  process.stdout.write(out);
  process.stderr.write(err);
  process.exit(code);
}
const log = createLog({ name, level: config.logLevel });
// What it starts has the limit from it: its QEMUs hold the memory of guests.
await withoutCoreDumps(log);
await runProgram({
  name,
  clock,
  log,
  start: (lifecycle) => startMinerNode({ config, env: process.env, clock, log }, lifecycle),
});
