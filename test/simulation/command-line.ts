import { parseArgs } from 'node:util';
import { drawPlan, type FaultKind, faultKinds, type Plan } from './plan.ts';
import { type PlantedBug, plantedBugs } from './planted.ts';

export const usage = `Runs the whole network in one thread from a seed, with faults, and checks what must always be true.

  npm run sim -- [--seeds N] [--seed K] [--json] [--verbose]

  --seeds N        how many seeds to run (100; 1 when --seed is given)
  --seed K         the first seed (1)
  --json           one JSON value on stdout: {ok, seeds, events, eventsPerSecond, violations}
  --verbose        every step, event and fault of each run, on stderr
  --no-shrink      do not look for the smallest part of a failing run

A failing run is replayed with the options that it prints:
  --keep LIST      take only these steps, such as 3-5,17
  --without KINDS  leave out these kinds of faults, such as crash,lose
  --replicas N, --miners N, --crashers PERCENT, --sealed PERCENT (VMs whose disks only their guests can read),
  --moving PERCENT (wishes to back up, restore and move VMs, and hosts that are judged)
  --bug NAME       plant a known mistake: ${plantedBugs.join(', ')}

Examples:
  npm run sim -- --seeds 1000
  npm run sim -- --seed 17 --json
  npm run sim -- --seeds 50 --bug random-hold-ids

Exit codes: 0 nothing was broken, 1 something was, 2 the options are wrong.
`;

export type Options = {
  readonly first: number;
  readonly seeds: number;
  readonly json: boolean;
  readonly verbose: boolean;
  readonly shrinks: boolean;
  readonly help: boolean;
  planOf(seed: number): Plan;
};

/** Reads the options. Throws for what is none, naming it. */
export const readOptions = (args: readonly string[]): Options => {
  const { values } = parseArgs({
    args: [...args],
    allowNegative: true,
    options: {
      seeds: { type: 'string' },
      seed: { type: 'string' },
      json: { type: 'boolean', default: false },
      verbose: { type: 'boolean', default: false },
      shrink: { type: 'boolean', default: true },
      keep: { type: 'string' },
      without: { type: 'string', default: '' },
      replicas: { type: 'string' },
      miners: { type: 'string' },
      crashers: { type: 'string' },
      sealed: { type: 'string' },
      moving: { type: 'string' },
      bug: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const without = values.without === '' ? [] : values.without.split(',').map(kindOf);
  const changes: Partial<Plan> = {
    ...(values.keep === undefined ? {} : { keep: stepsOf(values.keep) }),
    ...(values.replicas === undefined ? {} : { replicas: wholeNumber('--replicas', values.replicas, 1, 5) }),
    ...(values.miners === undefined ? {} : { miners: wholeNumber('--miners', values.miners, 1, 16) }),
    ...(values.crashers === undefined ? {} : { crashersPercent: wholeNumber('--crashers', values.crashers, 0, 100) }),
    ...(values.sealed === undefined ? {} : { sealedPercent: wholeNumber('--sealed', values.sealed, 0, 100) }),
    ...(values.moving === undefined ? {} : { movingPercent: wholeNumber('--moving', values.moving, 0, 100) }),
    ...(values.bug === undefined ? {} : { bug: bugOf(values.bug) }),
  };
  const seedMax = 999_999_999;
  return {
    first: wholeNumber('--seed', values.seed ?? '1', 1, seedMax),
    seeds: wholeNumber('--seeds', values.seeds ?? (values.seed === undefined ? '100' : '1'), 1, seedMax),
    ...{ json: values.json, verbose: values.verbose, shrinks: values.shrink, help: values.help },
    planOf: (seed) => {
      const plan = { ...drawPlan(seed), ...changes };
      return { ...plan, rates: { ...plan.rates, ...Object.fromEntries(without.map((kind) => [kind, 0])) } };
    },
  };
};

/** The command that replays a plan: what differs from the plan that its seed draws. */
export const commandOf = (plan: Plan): string => {
  const drawn = drawPlan(plan.seed);
  const without = faultKinds.filter((kind) => drawn.rates[kind] > 0 && plan.rates[kind] === 0);
  return [
    `npm run sim -- --seed ${plan.seed}`,
    ...(plan.bug === null ? [] : [`--bug ${plan.bug}`]),
    ...(plan.replicas === drawn.replicas ? [] : [`--replicas ${plan.replicas}`]),
    ...(plan.miners === drawn.miners ? [] : [`--miners ${plan.miners}`]),
    ...(plan.crashersPercent === drawn.crashersPercent ? [] : [`--crashers ${plan.crashersPercent}`]),
    ...(plan.sealedPercent === drawn.sealedPercent ? [] : [`--sealed ${plan.sealedPercent}`]),
    ...(plan.movingPercent === drawn.movingPercent ? [] : [`--moving ${plan.movingPercent}`]),
    ...(without.length === 0 ? [] : [`--without ${without.join(',')}`]),
    ...(plan.keep === null ? [] : [`--keep ${rangesOf(plan.keep)}`]),
  ].join(' ');
};

const rangesOf = (steps: readonly number[]): string => {
  const ranges: [number, number][] = [];
  for (const step of steps) {
    const range = ranges.at(-1);
    if (range !== undefined && range[1] === step - 1) range[1] = step;
    else ranges.push([step, step]);
  }
  // A run of no steps at all is a plan too.
  return ranges.length === 0
    ? 'none'
    : ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(',');
};

const stepsMax = 100_000;

const stepsOf = (text: string): readonly number[] => {
  if (text === 'none') return [];
  const steps = new Set<number>();
  for (const range of text.split(',')) {
    const [from = '', to = from, ...more] = range.split('-');
    if (more.length > 0) throw new Error(`--keep has ${JSON.stringify(range)}; give steps and ranges, such as 3-5,17`);
    const last = wholeNumber('--keep', to, 1, stepsMax);
    for (let step = wholeNumber('--keep', from, 1, stepsMax); step <= last; step += 1) steps.add(step);
  }
  return [...steps].sort((a, b) => a - b);
};

const kindOf = (text: string): FaultKind => {
  const kind = faultKinds.find((name) => name === text);
  if (kind === undefined)
    throw new Error(`--without has ${JSON.stringify(text)}; the kinds are ${faultKinds.join(', ')}`);
  return kind;
};

const bugOf = (text: string): PlantedBug => {
  const bug = plantedBugs.find((name) => name === text);
  if (bug === undefined) throw new Error(`--bug is ${JSON.stringify(text)}; the bugs are ${plantedBugs.join(', ')}`);
  return bug;
};

const wholeNumber = (name: string, text: string, min: number, max: number): number => {
  const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new Error(`${name} is ${JSON.stringify(text)}; give a whole number from ${min} to ${max}`);
};
