import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import type { AsOf, VmDiff } from '../client/past.ts';
import type { Stale } from '../client/views.ts';
import type { Read } from '../input/misread.ts';
import { momentOption } from '../input/moments.ts';
import { answer } from '../output/answer.ts';
import { table } from '../output/table.ts';
import { safeText, shortId } from '../output/text.ts';
import { ageText, staleText } from '../output/time.ts';
import { connectFor, examples, jsonOption, optionsOf } from './verbs.ts';
import { findVm } from './vm-find.ts';

/** `--at`: the moment that what is shown shall be as of. */
export const atOption = (cli: Cli): Read<string> =>
  momentOption(
    cli,
    '--at <moment>',
    'as it was: a day or a time with its zone, a position, or how long ago, such as 90s, 10m, 2h or 3d',
  );

/** What `--at` said, as the API takes it; `undefined` for now. */
export const momentOf = (command: Command): string | undefined => optionsOf<{ at?: string }>(command).at;

/** That what follows is not all: for what has no line of its own to say so in. Nothing where all could be read. */
export const staleLine = (stale: Stale, now: number): string =>
  stale == null ? '' : `STALE  ${safeText(staleText(stale, now))}\n`;

/** Shows a thing as it was: the same facts, under a line that says as of when. */
export const answerPast = <View extends { readonly asOf: AsOf }>(
  cli: Cli,
  json: boolean | undefined,
  view: View,
  facts: (view: View, now: number) => string,
): void => {
  const now = cli.clock.now();
  answer(cli, json, view, () => `${asOfLine(view.asOf, now)}${facts(view, now)}`);
};

const asOfLine = ({ at, position, revision, recordedAt }: AsOf, now: number): string => {
  const time = Date.parse(at);
  const when = Number.isNaN(time) ? `position ${position}` : `${at} (${ageText(time, now)}), position ${position}`;
  return `as of ${safeText(when)}: event ${revision} of its stream, recorded ${safeText(recordedAt)}\n`;
};

/** `hcc vm diff`: what happened to a VM between two moments. */
export const addVmDiff = (vm: Command, cli: Cli): void => {
  vm.command('diff')
    .description('what changed between two moments, and which events did it')
    .argument('<vm>', 'id, beginning of an id, or name')
    .requiredOption(
      ...momentOption(
        cli,
        '--from <moment>',
        'a day or a time with its zone, a position, or how long ago, such as 10m',
      ),
    )
    .option(...momentOption(cli, '--to <moment>', 'the same (default: now)'))
    .option(...jsonOption)
    .addHelpText(
      'after',
      examples('hcc vm diff web --from 10m', 'hcc vm diff web --from 2026-01-31T12:00:00Z --to 2026-01-31T13:00:00Z'),
    )
    .action(async (text: string, _options, command: Command) => {
      const { json, from, to } = optionsOf<{ from: string; to?: string }>(command);
      const { api } = await connectFor(cli, command, 'owner');
      const { vmId, name } = await findVm(api, text);
      const diff = await api.vmDiff(vmId, from, to);
      answer(cli, json, diff, () => `${name} (${shortId(vmId)})\n${diffText(diff, cli.clock.now())}`);
    });
};

const diffText = ({ from, to, changes, events, eventsLeftOut, stale }: VmDiff, now: number): string => {
  const [seen, until] = stale == null ? ['', 'in between'] : [`${safeText(staleText(stale, now))}\n`, 'before that'];
  const span = `from ${safeText(from.at)} (${safeText(from.position)}) to ${safeText(to.at)} (${safeText(to.position)})\n${seen}`;
  if (events.length === 0) return `${span}nothing happened ${until}\n`;
  const names = new Map(events.map(({ eventId, type, revision }) => [eventId, `${type}@${revision}`]));
  const changed = table(
    ['CHANGED', 'FROM', 'TO', 'BY'],
    changes.map(({ path, from: before, to: after, by }) => [
      path,
      valueText(before),
      valueText(after),
      by.map((id) => names.get(id) ?? shortId(id)).join(', '),
    ]),
  );
  const happened = table(
    ['RECORDED', 'EVENT', 'WHO', 'TOUCHED'],
    events.map(({ recordedAt, type, revision, actor, changes: touched }) => [
      recordedAt,
      `${type}@${revision}`,
      actor,
      touched.map(({ path }) => path).join(', ') || 'nothing that is shown',
    ]),
  );
  const more = eventsLeftOut === 0 ? '' : `and ${eventsLeftOut} events more\n`;
  const what = changes.length === 0 ? 'everything is as it was, after:\n' : `${changed}\n`;
  return `${span}\n${what}${happened}${more}`;
};

/** Values are shown short: a whole key or digest is in the JSON. */
const valueCharsMax = 60;

const valueText = (value: unknown): string => {
  if (value === null) return '-';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length <= valueCharsMax ? text : `${text.slice(0, valueCharsMax)}…`;
};
