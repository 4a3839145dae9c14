import { createSystemClock } from '#adapters/system';
import { configOrExit, createLog, runProgram, withoutCoreDumps } from '#edge';
import { readConfig } from './config.ts';
import { runDoctor } from './doctor.ts';
import { runDrain } from './drain.ts';
import { startMinerNode } from './program.ts';
import { readVerb } from './verbs.ts';

const name = 'miner-node';

const asked = readVerb(process.argv.slice(2));
if (asked.kind === 'say') {
  (asked.code === 0 ? process.stdout : process.stderr).write(asked.text);
  process.exit(asked.code);
}
const config = configOrExit(name, () => readConfig(process.env, process.cwd()));
const clock = createSystemClock();
if (asked.kind === 'doctor') process.exit(await runDoctor(config, { clock, env: process.env, json: asked.json }));
if (asked.kind === 'drain') {
  const { code, out, err } = await runDrain(config, { clock, args: asked.args });
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
