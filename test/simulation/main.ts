import { parseArgs } from 'node:util';
import { defaultPlan } from './plan.ts';
import { type Run, simulate } from './simulate.ts';

const usage = `Runs the whole network in one thread from a seed, with faults, and checks what must always be true.

  npm run sim -- [--seeds N] [--seed K] [--steps S] [--json] [--verbose]

  --seeds N    how many seeds to run (100)
  --seed K     the first seed (1); with --seeds 1 it replays exactly that run
  --steps S    steps with faults per seed (${defaultPlan.steps})
  --json       one JSON value on stdout
  --verbose    a line per seed, with the hash of its log
`;

const secondNs = 1e9;

const main = async (): Promise<number> => {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string' },
      seed: { type: 'string' },
      steps: { type: 'string', default: `${defaultPlan.steps}` },
      json: { type: 'boolean', default: false },
      verbose: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const first = wholeNumber('--seed', values.seed ?? '1');
  const seeds = wholeNumber('--seeds', values.seeds ?? (values.seed === undefined ? '100' : '1'));
  const steps = wholeNumber('--steps', values.steps);
  const startedNs = process.hrtime.bigint();
  const runs: Run[] = [];
  for (let seed = first; seed < first + seeds; seed += 1) {
    const run = await simulate({ ...defaultPlan, seed, steps });
    runs.push(run);
    if (values.verbose) process.stderr.write(`seed ${seed}: ${run.events} events, log ${run.logHash}\n`);
    else if (runs.length % 100 === 0) process.stderr.write(`${runs.length} of ${seeds} seeds\n`);
    for (const { invariant, step, detail } of run.violations) {
      process.stderr.write(`seed ${seed}, step ${step}: ${invariant}: ${detail}\n`);
      process.stderr.write(`  replay: npm run sim -- --seed ${seed} --steps ${steps}\n`);
    }
  }
  const seconds = Number(process.hrtime.bigint() - startedNs) / secondNs;
  const events = runs.reduce((sum, run) => sum + run.events, 0);
  const violations = runs.flatMap((run) => run.violations);
  const eventsPerSecond = Math.round(events / seconds);
  const ok = violations.length === 0;
  const text = `${seeds} seeds, ${events} events, ${eventsPerSecond} events/s, ${violations.length} violations`;
  process.stdout.write(
    values.json ? `${JSON.stringify({ ok, seeds, events, eventsPerSecond, violations })}\n` : `${text}\n`,
  );
  return ok ? 0 : 1;
};

const wholeNumber = (name: string, text: string): number => {
  if (/^[1-9][0-9]{0,8}$/.test(text)) return Number(text);
  throw new Error(`${name} is ${JSON.stringify(text)}; give a whole number from 1`);
};

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
  process.exitCode = 2;
}
