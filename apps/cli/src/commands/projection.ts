import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { badAnswer, exitCodes } from '../cli-error.ts';
import type { Api } from '../client/api.ts';
import type { RebuildView } from '../client/past.ts';
import { isApiProblem } from '../client/problem.ts';
import { limits } from '../limits.ts';
import { answer } from '../output/answer.ts';
import { facts, table } from '../output/table.ts';
import { shortId } from '../output/text.ts';
import { spanText, timeText } from '../output/time.ts';
import { reasonText } from './parked-text.ts';
import { connectFor, examples, jsonOption, optionsOf, untilStopped } from './verbs.ts';

/** `hcc projection ...`: the rows that reads are answered from, and building them anew. */
export const addProjectionCommands = (program: Command, cli: Cli): void => {
  const projection = program.command('projection').description('the read model: what it holds, and rebuilding it');
  projection
    .command('ls')
    .alias('list')
    .description('list projections and their rows')
    .option(...jsonOption)
    .addHelpText('after', examples('hcc projection ls'))
    .action(async (_options, command: Command) => {
      const { api } = await connectFor(cli, command, 'operator');
      const model = await api.projections();
      answer(cli, optionsOf(command).json, model, () => {
        const rows = model.projections.map(({ name, category, rows }) => [name, category ?? 'all', `${rows}`]);
        return `${table(['PROJECTION', 'STREAMS', 'ROWS'], rows)}at ${model.position ?? 'the beginning'} in ${model.file}\n`;
      });
    });
  projection
    .command('status')
    .description('the rebuild that runs, or how the last one ended')
    .option(...jsonOption)
    .addHelpText('after', examples('hcc projection status', 'hcc projection status --json'))
    .action(async (_options, command: Command) => {
      const { api } = await connectFor(cli, command, 'operator');
      const found = await api.rebuild().catch((error: unknown) => {
        if (!isApiProblem(error, 'not-found')) throw error;
        throw badAnswer('no-rebuild', error.message, { fix: 'hcc projection ls; hcc projection rebuild --dry-run' });
      });
      answer(cli, optionsOf(command).json, found, () => rebuildFacts(found, cli.clock.now()));
    });
  projection
    .command('rebuild')
    .description('build all rows anew beside those that are shown, and show them when they are whole')
    .option('--dry-run', 'build and compare with what is shown, row for row, and throw away')
    .option('--no-wait', 'return at once')
    .option(...jsonOption)
    .addHelpText('after', examples('hcc projection rebuild --dry-run', 'hcc projection rebuild --no-wait'))
    .action((_options, command: Command) => rebuild(cli, command));
  projection
    .command('cancel')
    .description('end the rebuild that runs; what is shown stays as it is')
    .option(...jsonOption)
    .addHelpText('after', examples('hcc projection cancel'))
    .action(async (_options, command: Command) => {
      const { api } = await connectFor(cli, command, 'operator');
      const ended = await api.cancelRebuild();
      answer(cli, optionsOf(command).json, ended, () => rebuildFacts(ended, cli.clock.now()));
    });
};

const rebuild = async (cli: Cli, command: Command): Promise<void> => {
  const { json, dryRun, wait } = optionsOf<{ dryRun?: boolean; wait?: boolean }>(command);
  const { api } = await connectFor(cli, command, 'operator');
  const begun = await api.startRebuild(dryRun === true);
  const last = wait === false ? begun : await watched(cli, api, begun);
  answer(cli, json, last, () => rebuildFacts(last, cli.clock.now()));
  if (isBad(last)) cli.exit.code = exitCodes.bad;
};

/** Shows progress until the rebuild ends. Ctrl-C ends the showing, never the work. */
const watched = (cli: Cli, api: Api, begun: RebuildView): Promise<RebuildView> =>
  untilStopped(cli, async (signal) => {
    let toldAt = cli.clock.now();
    for (let now = begun; ; now = await latest(api, begun.rebuildId)) {
      if (now.endedAt !== null) return now;
      if (signal.aborted) {
        cli.terminal.err('hcc: the rebuild goes on: hcc projection status shows it, hcc projection cancel ends it\n');
        return now;
      }
      if (cli.clock.now() - toldAt >= limits.progressEveryMs) {
        cli.terminal.err(`hcc: ${progressText(now)}\n`);
        toldAt = cli.clock.now();
      }
      await cli.clock.sleep(limits.pollMs, signal);
    }
  });

const latest = async (api: Api, rebuildId: string): Promise<RebuildView> => {
  const found = await api.rebuild();
  if (found.rebuildId === rebuildId) return found;
  throw badAnswer('rebuild-gone', `rebuild ${shortId(rebuildId)} is not the latest any more`, {
    observed: `rebuild ${shortId(found.rebuildId)}, ${found.state}`,
    fix: 'hcc projection status',
  });
};

const progressText = ({ state, events, eventsTotal, eventsPerSecond, etaMs, errors }: RebuildView): string => {
  const left = etaMs === null ? '' : `, ${spanText(etaMs)} left`;
  return `${state} ${events} of ${eventsTotal} events, ${eventsPerSecond} events/s${left}, ${errors} errors`;
};

const isBad = ({ state, differences }: RebuildView): boolean =>
  state === 'failed' || state === 'cancelled' || (differences?.different ?? 0) > 0;

const rebuildFacts = (it: RebuildView, now: number): string =>
  facts([
    ['rebuild', `${it.rebuildId}${it.dryRun ? ' (dry run)' : ''}, by ${it.by}`],
    ['state', stateText[it.state]],
    ...(it.detail === null ? [] : [['why', `${it.code}: ${it.detail}`] as const]),
    ['progress', progressText(it)],
    ['started', timeText(it.startedAt, now)],
    ['ended', timeText(it.endedAt, now)],
    ...it.firstErrors.map(
      (error) => ['error', `${error.eventType} ${error.stream}@${error.revision}: ${reasonText(error)}`] as const,
    ),
    ...(it.differences === null
      ? []
      : [['compared', `${it.differences.rows} rows, ${it.differences.different} of them different`] as const]),
    ...(it.differences?.first ?? []).map(({ table, key, what }) => [what, `${table} ${key}`] as const),
  ]);

const stateText: Readonly<Record<RebuildView['state'], string>> = {
  reading: 'reading: what is shown is as it was',
  comparing: 'comparing: what is shown is as it was',
  shown: 'shown: reads are answered from the rebuilt rows',
  compared: 'compared: what is shown is as it was, the rebuilt rows are thrown away',
  cancelled: 'cancelled: what is shown is as it was',
  failed: 'failed: what is shown is as it was',
};
