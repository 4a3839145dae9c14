import { badAnswer } from '../cli-error.ts';
import { demandOrder, type GivenMoment } from '../input/moments.ts';
import { type AskedRange, type ExportFilter, readManifest } from './manifest.ts';
import type { ReadLog } from './run-export.ts';

export type Range = Pick<ExportFilter, 'after' | 'until'>;

/** `--from` and `--to`. */
export type WantedRange = { readonly from: GivenMoment | undefined; readonly to: GivenMoment | undefined };

type LogAsked = {
  readonly readLog: ReadLog;
  /** Where the log stood at a moment; `null` before it began. Refuses what has not come yet. */
  readonly positionAt: (at: string) => Promise<string | null>;
};

export const askedOf = ({ from, to }: WantedRange): AskedRange => ({
  from: from?.given ?? null,
  to: to?.given ?? null,
});

/**
 * The range of an export. One that was begun with the same words keeps the positions that they named then: "7d" is
 * counted from the first run, however often it was cut off. Refuses `range-backwards`, and `at-before-beginning` an end before the log began.
 */
export const rangeOf = async (dir: string, wanted: WantedRange, log: LogAsked): Promise<Range> => {
  const begun = await readManifest(dir);
  const asked = askedOf(wanted);
  if (begun?.asked?.from === asked.from && begun.asked.to === asked.to) return begun.filter;
  const { from, to } = wanted;
  demandOrder(from, to);
  // Before the log began is its beginning.
  const after = from === undefined ? null : await log.positionAt(from.at);
  const until = to === undefined ? null : await endOf(to, log);
  if (from !== undefined && to !== undefined && after !== null && until !== null) {
    demandOrder({ ...from, at: after }, { ...to, at: until });
  }
  return { after, until };
};

/** Without a position there is no end to give: it would stand for as far as the log goes, which is the opposite. */
const endOf = async ({ given, at }: GivenMoment, { readLog, positionAt }: LogAsked): Promise<string> => {
  const position = await positionAt(at);
  if (position !== null) return position;
  const { items } = await readLog({ after: null, until: null, categories: null, limit: 1 });
  const begins = items[0]?.recordedAt;
  throw badAnswer(
    'at-before-beginning',
    `--to is ${given} and ${begins === undefined ? 'nothing is recorded yet' : `the log begins at ${begins}`}`,
    { observed: at, wanted: begins, fix: 'give --to a time after the first event, or leave it out' },
  );
};
