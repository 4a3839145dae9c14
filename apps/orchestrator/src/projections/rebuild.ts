import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import type { UnixMs } from '#domain';
import type { Log } from '#edge';
import type { Clock, Ids, Position, StreamName } from '#events';
import { compareRows, type Differences, snapshotOf } from './compare.ts';
import { createFill, type Fill, type FillError, type Skips } from './fill.ts';
import { showAttemptsMax } from './limits.ts';
import { forget, type ModelFile, type ReadOnlyLog, standOf } from './model-file.ts';
import type { ReadModel } from './read-model.ts';

/** Where a rebuild is. The last four are its end. */
export type RebuildState = 'reading' | 'comparing' | 'shown' | 'compared' | 'cancelled' | 'failed';

/** One rebuild as it stands, or as it ended. */
export type RebuildReport = {
  readonly rebuildId: string;
  readonly dryRun: boolean;
  readonly by: string;
  readonly state: RebuildState;
  /** Why it failed, for programs and for people; `null` otherwise. */
  readonly code: 'disk-full' | 'cannot-fold' | 'log-outran-rebuild' | 'rebuild-broke' | null;
  readonly detail: string | null;
  readonly startedAt: UnixMs;
  readonly endedAt: UnixMs | null;
  readonly position: Position | null;
  readonly events: number;
  /** Events that live had folded when it began: what there is to do, and a little more by then. */
  readonly eventsTotal: number;
  readonly eventsPerSecond: number;
  /** Time to the end of the log at this rate; `null` before there is a rate, and at the end. */
  readonly etaMs: number | null;
  readonly errors: number;
  readonly firstErrors: readonly FillError[];
  /** What a dry run found; `null` until then. */
  readonly differences: Differences | null;
};

export type RebuildOptions = {
  readonly model: ReadModel;
  readonly log: ReadOnlyLog;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly tell: Log;
  readonly skipped: Skips;
  /** Whether a stream stands still in live. The same may stand still in what is rebuilt, and no other. */
  readonly isBlocked: (stream: StreamName) => boolean;
};

/** A rebuild on its way. `done` never fails: how it ended is in the report. */
export type Running = {
  readonly abort: AbortController;
  readonly done: Promise<void>;
  readonly report: () => RebuildReport;
};

/** Begins to build the read model anew. Returns at once. */
export const beginRebuild = (options: RebuildOptions, dryRun: boolean, by: string): Running => {
  const { model, log, clock, ids, tell } = options;
  const abort = new AbortController();
  const startedAt = clock.now();
  let report: RebuildReport = {
    ...{ rebuildId: ids.uuid(), dryRun, by, startedAt, endedAt: null, code: null, detail: null },
    ...{ state: 'reading', position: null, events: 0, eventsTotal: foldedIn(model) },
    ...{ eventsPerSecond: 0, etaMs: null, errors: 0, firstErrors: [], differences: null },
  };
  let fill: Fill | null = null;
  const change = (changes: Partial<RebuildReport>): void => {
    report = { ...report, ...changes };
  };

  const work = async (): Promise<void> => {
    const green = model.beside();
    let isShown = false;
    try {
      fill = createFill(log, green, options.skipped);
      if (dryRun) change({ differences: await compared(model, log, fill, green, abort.signal, change) });
      else {
        await shown(options, fill, green, abort.signal);
        isShown = true;
      }
      change({ state: dryRun ? 'compared' : 'shown' });
    } finally {
      if (!isShown) {
        await green.close();
        forget(green.file);
      }
    }
  };

  const run = async (): Promise<void> => {
    try {
      await work();
    } catch (error) {
      change(abort.signal.aborted ? { state: 'cancelled' } : { state: 'failed', ...failureOf(error, model) });
    }
    change({ ...progressOf(report, fill, clock.now()), endedAt: clock.now(), etaMs: null });
    const { rebuildId, state, events, errors, code, detail } = report;
    const fields = { rebuildId, by, dryRun, state, events, errors, code, detail };
    tell(state === 'failed' ? 'error' : 'info', 'rebuild of the read model ended', fields);
  };

  tell('info', 'rebuild of the read model began', { rebuildId: report.rebuildId, by, dryRun });
  const done = run();
  return {
    abort,
    done,
    report: () => (report.endedAt === null ? { ...report, ...progressOf(report, fill, clock.now()) } : report),
  };
};

/** Reads to the end and shows the new file, as soon as it is not behind the old one. */
const shown = async (
  { model, isBlocked }: RebuildOptions,
  fill: Fill,
  green: ModelFile,
  signal: AbortSignal,
): Promise<void> => {
  for (let attempt = 1; attempt <= showAttemptsMax; attempt += 1) {
    await fill.on(signal);
    const { blocked, firstErrors, position } = fill.filling();
    const fresh = [...blocked].filter((stream) => !isBlocked(stream));
    if (fresh.length > 0) throw new CannotFold(fresh, firstErrors);
    if (model.show(green, position)) return;
  }
  throw new Outran();
};

/** Reads to where the shown file stands now, and holds the two against each other there. */
const compared = async (
  model: ReadModel,
  log: ReadOnlyLog,
  fill: Fill,
  green: ModelFile,
  signal: AbortSignal,
  change: (changes: Partial<RebuildReport>) => void,
): Promise<Differences> => {
  const snapshot = snapshotOf(model.file);
  try {
    const { position } = standOf(snapshot.db);
    if (position !== null) await fill.on(signal, log.parsePosition(position));
    change({ state: 'comparing' });
    return await compareRows(snapshot.db, green.db, signal);
  } finally {
    snapshot.close();
  }
};

const foldedIn = ({ db }: ReadModel): number =>
  Number(db.prepare<[], number | null>('SELECT sum(events) FROM streams').pluck().get() ?? 0);

const secondMs = 1_000;

const progressOf = (report: RebuildReport, fill: Fill | null, now: UnixMs): Partial<RebuildReport> => {
  if (fill === null) return {};
  const { position, events, errors, firstErrors } = fill.filling();
  const eventsTotal = Math.max(report.eventsTotal, events);
  const elapsedMs = Math.max(1, now - report.startedAt);
  const eventsPerSecond = Math.round((events * secondMs) / elapsedMs);
  const etaMs = events === 0 ? null : Math.round(((eventsTotal - events) * elapsedMs) / events);
  return { position, events, eventsTotal, eventsPerSecond, etaMs, errors, firstErrors };
};

/** Events that live can fold, or that nobody has looked at yet. Showing a file without them would hide what happened. */
class CannotFold extends Error {
  override readonly name = 'CannotFold';

  constructor(streams: readonly StreamName[], errors: readonly FillError[]) {
    const [first] = errors.filter(({ stream }) => streams.includes(stream));
    super(
      `${streams.length} streams could not be folded that are not parked in the read model now, the first ${streams[0]}` +
        `${first === undefined ? '' : ` at revision ${first.revision} (${first.eventType}): ${first.reason}`}; ` +
        'the read model shown is as it was. Run a build that reads the event, or skip it (hcc parked), and rebuild again',
    );
  }
}

class Outran extends Error {
  override readonly name = 'Outran';

  constructor() {
    super(`the log grew faster than it was read, ${showAttemptsMax} times; try again when it is quieter`);
  }
}

const failureOf = (error: unknown, { file }: ReadModel): Pick<RebuildReport, 'code' | 'detail'> => {
  const detail = error instanceof Error ? error.message : String(error);
  if (error instanceof CannotFold) return { code: 'cannot-fold', detail };
  if (error instanceof Outran) return { code: 'log-outran-rebuild', detail };
  if (error instanceof Database.SqliteError && /^SQLITE_(FULL|IOERR_WRITE|IOERR_SHMSIZE)/.test(error.code)) {
    const full = `the disk of ${dirname(file)} is full (${error.code}); the rebuilt file is removed, the read model shown is as it was`;
    return { code: 'disk-full', detail: `${full}. Free some space there, as much as ${file} takes, and rebuild again` };
  }
  return { code: 'rebuild-broke', detail };
};
