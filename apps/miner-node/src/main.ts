import { createSystemClock } from '#adapters/system';
import { createLog, plainLine, runProgram } from '#edge';
import { type MinerConfig, readConfig } from './config.ts';
import { runDoctor } from './doctor.ts';
import { startMinerNode } from './program.ts';

const name = 'miner-node';

const configOrExit = (): MinerConfig => {
  try {
    return readConfig(process.env, process.cwd());
  } catch (error) {
    process.stderr.write(`${plainLine(name, error)}\n`);
    process.exit(1);
  }
};

const config = configOrExit();
const clock = createSystemClock();
if (process.argv[2] === 'doctor') {
  process.exit(await runDoctor(config, { clock, env: process.env, json: process.argv[3] === '--json' }));
}
const log = createLog({ name, level: config.logLevel });
await runProgram({
  name,
  clock,
  log,
  start: (lifecycle) => startMinerNode({ config, env: process.env, clock, log }, lifecycle),
});
