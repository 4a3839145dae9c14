import { commandOf, type Options, readOptions, usage } from './command-line.ts';
import type { Plan, Violation } from './plan.ts';
import { shrink } from './shrink.ts';
import { simulate } from './simulate.ts';

const secondNs = 1e9;
/** Between two lines of progress. */
const progressSeconds = 2;

const tell = (text: string): void => void process.stderr.write(`${text}\n`);
const secondsSince = (startedNs: bigint): number => Number(process.hrtime.bigint() - startedNs) / secondNs;

const main = async (options: Options): Promise<number> => {
  const { first, seeds, planOf } = options;
  const startedNs = process.hrtime.bigint();
  const violations: Violation[] = [];
  let [events, shrinkSeconds, toldAt] = [0, 0, progressSeconds];
  for (let seed = first; seed < first + seeds; seed += 1) {
    const plan = planOf(seed);
    const run = await simulate(plan, options.verbose ? tell : undefined);
    events += run.events;
    if (options.verbose || (options.json === false && seeds === 1))
      tell(`seed ${seed}: ${run.events} events, log ${run.logHash}`);
    for (const { invariant, step, detail } of run.violations)
      tell(`seed ${seed}, step ${step}: ${invariant}: ${detail}`);
    const [violation] = run.violations;
    if (violation !== undefined) {
      tell(`  replay: ${commandOf(plan)}`);
      const shrinksNow = options.shrinks && violations.length === 0;
      const shrinkNs = process.hrtime.bigint();
      if (shrinksNow) await shrinkAloud(plan, violation);
      shrinkSeconds += secondsSince(shrinkNs);
    }
    violations.push(...run.violations);
    if (secondsSince(startedNs) < toldAt) continue;
    toldAt = secondsSince(startedNs) + progressSeconds;
    tell(`${seed - first + 1} of ${seeds} seeds, ${events} events, ${violations.length} violations`);
  }
  const eventsPerSecond = Math.round(events / (secondsSince(startedNs) - shrinkSeconds));
  const ok = violations.length === 0;
  const text = `${seeds} seeds, ${events} events, ${eventsPerSecond} events/s, ${violations.length} violations`;
  const json = JSON.stringify({ ok, seeds, events, eventsPerSecond, violations });
  process.stdout.write(`${options.json ? json : text}\n`);
  return ok ? 0 : 1;
};

/** Only of the first failing seed: the others are most often the same mistake. */
const shrinkAloud = async (plan: Plan, violation: Violation): Promise<void> => {
  tell('  looking for the smallest part of it that still fails (--no-shrink leaves that out)');
  const shrunk = await shrink(plan, violation);
  const { keep, rates, replicas, miners } = shrunk.plan;
  const kinds = Object.entries(rates).flatMap(([kind, rate]) => (rate > 0 ? [kind] : []));
  tell(
    `  after ${shrunk.runs} runs: ${keep?.length ?? 'all'} steps, ${replicas} replicas, ${miners} miners, faults: ${kinds.join(', ') || 'none'}`,
  );
  tell(`  ${shrunk.violation.invariant}: ${shrunk.violation.detail}`);
  tell(`  replay: ${commandOf(shrunk.plan)} --verbose`);
};

const readOrExplain = (): Options | null => {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    tell(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    return null;
  }
};

const options = readOrExplain();
if (options === null) process.exitCode = 2;
else if (options.help) process.stdout.write(usage);
else process.exitCode = await main(options);
