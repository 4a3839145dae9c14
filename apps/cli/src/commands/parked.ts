import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import type { ParkedEventView } from '../client/parked.ts';
import type { ParkedView } from '../client/views.ts';
import { answer } from '../output/answer.ts';
import { facts, table } from '../output/table.ts';
import { shortId } from '../output/text.ts';
import { ageText, timeText } from '../output/time.ts';
import { sentenceOf, whoOf } from '../story/story.ts';
import { findParked } from './parked-find.ts';
import { addParkedRetry } from './parked-retry.ts';
import { connectFor, examples, jsonOption, optionsOf } from './verbs.ts';

/** `hcc parked ...`: what a consumer could not handle, and what to do about it. */
export const addParkedCommands = (program: Command, cli: Cli): void => {
  const parked = program.command('parked').description('events that a consumer could not handle');
  parked
    .command('ls')
    .alias('list')
    .description('list parked events, oldest first')
    .option('--consumer <name>', 'only those of one consumer, such as read-model')
    .option('--skipped', 'those that somebody decided to skip, instead')
    .option(...jsonOption)
    .addHelpText('after', examples('hcc parked ls', 'hcc parked ls --consumer read-model --skipped --json'))
    .action(async (_options, command: Command) => {
      const { json, consumer, skipped } = optionsOf<{ consumer?: string; skipped?: boolean }>(command);
      const { api } = await connectFor(cli, command, 'operator');
      const status = skipped === true ? 'skipped' : 'parked';
      const items = await api.parked({ consumer, status });
      answer(cli, json, items, () =>
        items.length === 0 ? `nothing is ${status}\n` : listText(items, cli.clock.now()),
      );
    });
  parked
    .command('show')
    .description('one parked or skipped event in full: why, how often it was tried, and the event')
    .argument('<event>', 'id of the event; a beginning will do')
    .option('--consumer <name>', 'where it is parked, when several consumers could not handle it')
    .option(...jsonOption)
    .addHelpText('after', examples('hcc parked show 5f0c1a2b', 'hcc parked show 5f0c1a2b --consumer read-model --json'))
    .action(async (text: string, _options, command: Command) => {
      const { json, consumer } = optionsOf<{ consumer?: string }>(command);
      const { api } = await connectFor(cli, command, 'operator');
      const found = await findParked(api, text, consumer);
      const shown = await api.parkedEvent(found.consumer, found.eventId);
      answer(cli, json, shown, () => eventText(shown, cli.clock.now()));
    });
  addParkedRetry(parked, cli);
  parked
    .command('skip')
    .description('let a consumer do without an event, now and in every rebuild; the rest of its stream goes on')
    .argument('<event>', 'id of the event; a beginning will do')
    .requiredOption('--reason <text>', 'why, for whoever asks about it later')
    .option('--consumer <name>', 'where it is parked, when several consumers could not handle it')
    .option(...jsonOption)
    .addHelpText('after', examples('hcc parked skip 5f0c1a2b --reason "a field of a test build"'))
    .action(async (text: string, _options, command: Command) => {
      const { json, consumer, reason } = optionsOf<{ consumer?: string; reason: string }>(command);
      const { api } = await connectFor(cli, command, 'operator');
      const { consumer: where, eventId, stream } = await findParked(api, text, consumer);
      const accepted = await api.skipParked(where, eventId, reason);
      answer(cli, json, { consumer: where, eventId, ...accepted }, () =>
        accepted.events.length === 0
          ? `${where} skips event ${shortId(eventId)} already\n`
          : `${where} goes past event ${shortId(eventId)}, now and in every rebuild; ${stream} goes on there\n`,
      );
    });
};

const listText = (items: readonly ParkedView[], now: number): string =>
  table(
    ['EVENT', 'CONSUMER', 'TYPE', 'STREAM', 'TRIES', 'FIRST', 'LAST', 'REASON'],
    items.map((item) => [
      shortId(item.eventId),
      item.consumer,
      item.eventType,
      `${item.stream}@${item.revision}`,
      item.attempts.toString(),
      ageText(Date.parse(item.firstSeenAt), now),
      ageText(Date.parse(item.lastSeenAt), now),
      item.skipped == null ? item.reason : `skipped by ${whoOf(item.skipped.by)}: ${item.skipped.reason}`,
    ]),
  );

const eventText = (shown: ParkedEventView, now: number): string => {
  const { event, skipped, retryAsked } = shown;
  return facts([
    ['event', `${shown.eventType} (${shown.eventId})`],
    ['of', `${shown.stream}, revision ${shown.revision}`],
    ['says', sentenceOf(event)],
    ['recorded', `${timeText(event.recordedAt, now)} by ${whoOf(event.actor)}`],
    ['consumer', shown.consumer],
    ['status', skipped == null ? statusText(shown) : `skipped ${timeText(skipped.at, now)} by ${whoOf(skipped.by)}`],
    ...(skipped == null ? [] : [['skipped for', skipped.reason] as const]),
    ...(retryAsked == null
      ? []
      : [['retry', `asked for ${timeText(retryAsked.at, now)} by ${whoOf(retryAsked.by)}`] as const]),
    ['fails with', shown.reason],
    ['tries', `${shown.attempts}`],
    ['first seen', timeText(shown.firstSeenAt, now)],
    ['last seen', timeText(shown.lastSeenAt, now)],
    ['data', JSON.stringify(event.data)],
  ]);
};

const statusText = ({ blocks, stream, consumer }: ParkedView): string =>
  blocks === false
    ? `parked: what it asks for is owed; ${stream} goes on in ${consumer}`
    : `parked: ${consumer} does not follow ${stream} from here on`;
