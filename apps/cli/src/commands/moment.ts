import type { Command } from 'commander';
import { isoTime } from '#events';
import type { Cli } from '../cli.ts';
import type { AsOf, VmDiff } from '../client/past.ts';
import { answer } from '../output/answer.ts';
import { table } from '../output/table.ts';
import { safeText, shortId } from '../output/text.ts';
import { ageText } from '../output/time.ts';
import { connectFor, examples, jsonOption, optionsOf } from './verbs.ts';
import { findVm } from './vm-find.ts';

export const atOption = [
  '--at <moment>',
  'as it was: a time with its zone, a position, or how long ago, such as 90s, 10m, 2h or 3d',
] as const;

/** The moment that a list shall be as of, as the API takes it; `undefined` for now. */
export const momentOf = (cli: Cli, command: Command): string | undefined => {
  const { at } = optionsOf<{ at?: string }>(command);
  return at === undefined ? undefined : momentFrom(at, cli.clock.now());
};

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A moment as the API takes it. What is no span of time is left for it to judge. */
export const momentFrom = (text: string, now: number): string => {
  const [, count, unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  return count === undefined ? text : isoTime(now - Number(count) * (unitMs[unit] ?? 0));
};

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
    .requiredOption('--from <moment>', 'a time with its zone, a position, or how long ago, such as 10m')
    .option('--to <moment>', 'the same (default: now)')
    .option(...jsonOption)
    .addHelpText(
      'after',
      examples('hcc vm diff web --from 10m', 'hcc vm diff web --from 2026-01-31T12:00:00Z --to 2026-01-31T13:00:00Z'),
    )
    .action(async (text: string, _options, command: Command) => {
      const { json, from, to } = optionsOf<{ from: string; to?: string }>(command);
      const { api } = await connectFor(cli, command, 'owner');
      const { vmId, name } = await findVm(api, text);
      const now = cli.clock.now();
      const diff = await api.vmDiff(vmId, momentFrom(from, now), to === undefined ? undefined : momentFrom(to, now));
      answer(cli, json, diff, () => `${name} (${shortId(vmId)})\n${diffText(diff)}`);
    });
};

const diffText = ({ from, to, changes, events, eventsLeftOut }: VmDiff): string => {
  const span = `from ${safeText(from.at)} (${safeText(from.position)}) to ${safeText(to.at)} (${safeText(to.position)})\n`;
  if (events.length === 0) return `${span}nothing happened in between\n`;
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
