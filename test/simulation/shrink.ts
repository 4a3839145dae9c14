import { type FaultKind, faultKinds, keysOf, type Plan, sealedTroubles, type Violation } from './plan.ts';
import { type Run, simulate } from './simulate.ts';

export type Shrunk = { readonly plan: Plan; readonly violation: Violation; readonly runs: number };

/** Runs that one shrink may take: minutes at most, and what is left is small long before. */
const runsMax = 400;

/**
 * The smallest plan found that breaks the same invariant: kinds of faults left out, replicas and steps left out. A step's
 * draws depend on its number only, so what is left out changes nothing of the others.
 */
export const shrink = async (
  plan: Plan,
  violation: Violation,
  run: (plan: Plan) => Promise<Run> = simulate,
): Promise<Shrunk> => {
  let best: Shrunk = { plan, violation, runs: 0 };
  let runs = 0;
  const accept = async (candidate: Plan): Promise<boolean> => {
    if (runs >= runsMax) return false;
    runs += 1;
    const found = (await run(candidate)).violations.find(({ invariant }) => invariant === violation.invariant);
    if (found === undefined) return false;
    best = { plan: candidate, violation: found, runs };
    return true;
  };
  const last = Math.min(plan.steps, violation.step);
  await accept({ ...plan, keep: plan.keep ?? Array.from({ length: last }, (_, index) => index + 1) });
  await withoutSealed(() => best.plan, accept);
  const rounds = 2;
  for (let round = 0; round < rounds; round += 1) {
    await withoutFaults(() => best.plan, accept);
    await withLess(() => best.plan, accept);
    await withFewerSteps(() => best.plan, accept);
  }
  return { ...best, runs };
};

type Accept = (candidate: Plan) => Promise<boolean>;

/** No VM is sealed, and none mistreated: most of what breaks has nothing to do with that, and is quicker to look at. */
const withoutSealed = async (best: () => Plan, accept: Accept): Promise<void> => {
  const none = Object.fromEntries(keysOf(sealedTroubles).map((kind) => [kind, 0]));
  await accept({ ...best(), sealedPercent: 0, rates: { ...best().rates, ...none } });
};

const withoutFaults = async (best: () => Plan, accept: Accept): Promise<void> => {
  const present = (): readonly FaultKind[] => faultKinds.filter((kind) => best().rates[kind] > 0);
  const without = (kinds: readonly FaultKind[]): Plan['rates'] => ({
    ...best().rates,
    ...Object.fromEntries(kinds.map((kind) => [kind, 0])),
  });
  if (await accept({ ...best(), rates: without(present()) })) return;
  for (const kind of present()) await accept({ ...best(), rates: without([kind]) });
};

const withLess = async (best: () => Plan, accept: Accept): Promise<void> => {
  while (best().replicas > 1 && (await accept({ ...best(), replicas: best().replicas - 1 })));
  while (best().miners > 1 && (await accept({ ...best(), miners: best().miners - 1 })));
  if (best().crashersPercent > 0) await accept({ ...best(), crashersPercent: 0 });
};

/** Leaves out ever smaller parts of the steps, as long as what is left still fails. */
const withFewerSteps = async (best: () => Plan, accept: Accept): Promise<void> => {
  const kept = (): readonly number[] => best().keep ?? [];
  for (let size = Math.ceil(kept().length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < kept().length; ) {
      const keep = [...kept().slice(0, from), ...kept().slice(from + size)];
      if (!(await accept({ ...best(), keep }))) from += size;
    }
  }
};
