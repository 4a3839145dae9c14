import type { Figure } from './pairs.ts';

/** A comparison that came to no figure, and why. It is no bar that was met. */
export type NoFigure = { readonly name: string; readonly ok: false; readonly error: string };

export type Result = Figure | NoFigure;

export type Bench = { readonly name: string; readonly run: () => Promise<Figure> | Figure };

/**
 * Runs each in turn, and hands over each result as it comes. One that fails costs only its own figure: those before it and
 * behind it took or take their time.
 */
export const runAll = async (
  benches: readonly Bench[],
  { tell, done }: { readonly tell: (text: string) => void; readonly done: (result: Result) => void },
): Promise<void> => {
  for (const { name, run } of benches) {
    const result = await Promise.resolve()
      .then(run)
      .catch((error: unknown): NoFigure => ({ name, ok: false, error: textOf(error) }));
    tell(line(result));
    done(result);
  }
};

/** What is said of those that never began, or were not through. */
export const notMeasured = (
  benches: readonly Bench[],
  results: readonly Result[],
  signal: string,
): readonly NoFigure[] =>
  benches
    .slice(results.length)
    .map(({ name }) => ({ name, ok: false, error: `not measured: ended by ${signal} before it was through` }));

/** One line for a person. */
export const line = (result: Result): string => {
  if ('error' in result) return `NONE ${result.name}: ${result.error}`;
  const { ok, name, ours, raw, unit, ratio, bar } = result;
  const against = raw === null ? '' : ` against ${raw.toLocaleString('en')}`;
  const reached = ratio === null ? '' : `, ratio ${ratio}`;
  return `${ok ? 'ok  ' : 'LOW '} ${name}: ${ours.toLocaleString('en')}${against} ${unit}${reached}, bar ${bar}`;
};

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
