/** One comparison: a rate or a time of ours, and the same of the bare thing, measured in turn. */
export type Case = {
  readonly name: string;
  readonly unit: string;
  /** The ratio ours / raw that must be reached, or for `less` not be passed. */
  readonly bar: number;
  readonly better: 'more' | 'less';
  /** Pairs that are run; the figure is their median. */
  readonly pairs: number;
  readonly open: () => Promise<Opened>;
};

export type Opened = {
  readonly ours: () => Promise<number>;
  readonly raw: () => Promise<number>;
  readonly close: () => Promise<void>;
};

/** One line of the report. `raw` and `ratio` are `null` where the bar is a figure and not a comparison. */
export type Figure = {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  readonly raw: number | null;
  readonly ratio: number | null;
  readonly bar: number;
  readonly ok: boolean;
};

/** Runs a case: a pair to warm up, then each pair in turn, the other one first every other time. */
export const runCase = async (one: Case, tell: (text: string) => void): Promise<Figure> => {
  const opened = await one.open();
  try {
    await opened.ours();
    await opened.raw();
    const pairs: { readonly ours: number; readonly raw: number; readonly ratio: number }[] = [];
    for (let n = 0; n < one.pairs; n += 1) {
      const { ours, raw } = n % 2 === 0 ? await inOrder(opened) : await inReverse(opened);
      pairs.push({ ours, raw, ratio: ours / raw });
      tell(
        `${one.name}: pair ${n + 1} of ${one.pairs}: ${shown(ours)} against ${shown(raw)} ${one.unit}, ${(ours / raw).toFixed(2)}`,
      );
    }
    const ratio = median(pairs.map((pair) => pair.ratio));
    return {
      name: one.name,
      unit: one.unit,
      ours: rounded(median(pairs.map((pair) => pair.ours))),
      raw: rounded(median(pairs.map((pair) => pair.raw))),
      ratio: Math.round(ratio * 1_000) / 1_000,
      bar: one.bar,
      ok: one.better === 'more' ? ratio >= one.bar : ratio <= one.bar,
    };
  } finally {
    await opened.close();
  }
};

const inOrder = async ({ ours, raw }: Opened) => ({ ours: await ours(), raw: await raw() });

const inReverse = async (opened: Opened) => {
  const raw = await opened.raw();
  return { ours: await opened.ours(), raw };
};

/** The middle one; of an even number, the mean of both in the middle. */
export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
};

/** How many a second, of work that took so long. */
export const perSecond = async (count: number, work: () => Promise<void> | void): Promise<number> => {
  const from = performance.now();
  await work();
  return (count * 1_000) / (performance.now() - from);
};

/**
 * How many in a second of this process's processor time: work that waits for nothing is measured so, because what other
 * programs of the machine take is no matter of ours. Threads that collect garbage or compile count too.
 */
export const perCpuSecond = (count: number, work: () => void): number => {
  const from = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(from);
  return (count * 1_000_000) / (user + system);
};

/** Runs both until V8 has compiled them: what a program costs in its first seconds is another figure. */
export const warmedUp = async ({ ours, raw, close }: Opened): Promise<Opened> => {
  for (let round = 0; round < warmUpRounds; round += 1) {
    await ours();
    await raw();
  }
  return { ours, raw, close };
};

const warmUpRounds = 12;

const rounded = (value: number): number => (value >= 100 ? Math.round(value) : Math.round(value * 1_000) / 1_000);
const shown = (value: number): string => rounded(value).toLocaleString('en');
