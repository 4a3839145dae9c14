import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import type { Api } from '../client/api.ts';
import type { ParkedView } from '../client/views.ts';
import { answer } from '../output/answer.ts';
import { shortId } from '../output/text.ts';
import { findParked, findToChange, type Where } from './parked-find.ts';
import { addParkedRetry } from './parked-retry.ts';
import { parkedEventText, parkedListText } from './parked-text.ts';
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
      const others = items.length === 0 && consumer !== undefined ? await api.parked({ status }) : [];
      answer(cli, json, items, () =>
        items.length === 0 ? nothingText(status, consumer, others) : parkedListText(items, cli),
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
      const shown = await api.parkedEvent(found[0].consumer, found[0].eventId);
      answer(cli, json, { ...shown, consumers: found }, () => parkedEventText(shown, found, cli.clock.now()));
    });
  addParkedRetry(parked, cli);
  parked
    .command('skip')
    .description('let a consumer do without an event, now and in every rebuild; the rest of its stream goes on')
    .argument('<event>', 'id of the event; a beginning will do')
    .requiredOption('--reason <text>', 'why, for whoever asks about it later')
    .option('--consumer <name>', 'where it is parked, when several consumers could not handle it')
    .option('--all-consumers', 'in every consumer that parked it')
    .option(...jsonOption)
    .addHelpText(
      'after',
      examples(
        'hcc parked skip 5f0c1a2b --reason "a field of a test build"',
        'hcc parked skip 5f0c1a2b --all-consumers --reason "of a test build"',
      ),
    )
    .action(async (text: string, _options, command: Command) => {
      const { json, reason, ...where } = optionsOf<Where & { reason: string }>(command);
      const { api } = await connectFor(cli, command, 'operator');
      const found = await findToChange(api, text, where);
      const done: Skipping[] = [];
      for (const each of found) done.push(await skipIn(api, each, reason));
      const [only] = done;
      const value = where.allConsumers === true ? { consumers: done.map((each) => each.value) } : only?.value;
      answer(cli, json, value, () => done.map((each) => each.text).join(''));
    });
};

type Skipping = { readonly value: object; readonly text: string };

const skipIn = async (api: Api, { consumer, eventId, stream }: ParkedView, reason: string): Promise<Skipping> => {
  const accepted = await api.skipParked(consumer, eventId, reason);
  const text =
    accepted.events.length === 0
      ? `${consumer} skips event ${shortId(eventId)} already\n`
      : `${consumer} goes past event ${shortId(eventId)}, now and in every rebuild; ${stream} goes on there\n`;
  return { value: { consumer, eventId, ...accepted }, text };
};

/** A name mistyped must not look like a consumer that is well. */
const nothingText = (status: string, consumer: string | undefined, others: readonly ParkedView[]): string => {
  const names = [...new Set(others.map((each) => each.consumer))];
  const elsewhere = names.length === 0 ? '' : `; others have: ${names.join(', ')}`;
  return `nothing is ${status}${consumer === undefined ? '' : ` in ${consumer}`}${elsewhere}\n`;
};
