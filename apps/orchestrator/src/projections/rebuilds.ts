import { DoorProblem } from '#edge';
import { isoTime } from '#events';
import { type Overview, overviewOf } from './overview.ts';
import { beginRebuild, type RebuildOptions, type RebuildReport, type Running } from './rebuild.ts';

/** The read model built anew beside the one that is shown, one rebuild at a time. */
export type Rebuilds = {
  /** Begins one and returns at once. Refuses `rebuild-running`. */
  start(options: { readonly dryRun: boolean; readonly by: string }): RebuildReport;
  /** The one that runs, or the last one of this process. */
  latest(): RebuildReport | null;
  overview(): Overview;
  /** Ends the one that runs; its file is gone when this resolves. Refuses `no-rebuild-running`. */
  cancel(): Promise<RebuildReport>;
  stop(): Promise<void>;
};

export const createRebuilds = (options: RebuildOptions): Rebuilds => {
  let running: Running | null = null;
  let last: RebuildReport | null = null;

  const end = async (ended: Running): Promise<void> => {
    await ended.done;
    last = ended.report();
    if (running === ended) running = null;
  };

  return {
    start: ({ dryRun, by }) => {
      if (running !== null) throw alreadyRunning(running.report());
      const begun = beginRebuild(options, dryRun, by);
      running = begun;
      void end(begun);
      return begun.report();
    },
    latest: () => running?.report() ?? last,
    overview: () => overviewOf(options.model),
    cancel: async () => {
      const ending = running;
      if (ending === null) throw noneRunning();
      ending.abort.abort();
      await ending.done;
      return ending.report();
    },
    stop: async () => {
      running?.abort.abort();
      await running?.done;
    },
  };
};

const alreadyRunning = ({ rebuildId, by, startedAt, dryRun }: RebuildReport): DoorProblem =>
  new DoorProblem(
    'rebuild-running',
    `rebuild ${rebuildId}${dryRun ? ' (dry run)' : ''} of ${by} runs since ${isoTime(startedAt)}; one runs at a time: wait for it, or \`hcc projection cancel\``,
    { observed: rebuildId, wanted: 'no rebuild running' },
  );

const noneRunning = (): DoorProblem =>
  new DoorProblem('no-rebuild-running', 'no rebuild runs; `hcc projection status` shows how the last one ended');
