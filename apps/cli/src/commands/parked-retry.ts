import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { exitCodes, usageError } from '../cli-error.ts';
import type { Api } from '../client/api.ts';
import type { ParkingView } from '../client/parked.ts';
import { isApiProblem } from '../client/problem.ts';
import type { ParkedView } from '../client/views.ts';
import { limits } from '../limits.ts';
import { answer } from '../output/answer.ts';
import { shortId } from '../output/text.ts';
import { ageText } from '../output/time.ts';
import { findToChange, type Where } from './parked-find.ts';
import { reasonText } from './parked-text.ts';
import { connectFor, examples, jsonOption, optionsOf } from './verbs.ts';

type RetryOptions = Where & { all?: boolean; yes?: boolean };

/** `hcc parked retry`: the running consumer tries again; the command waits for what it says. */
export const addParkedRetry = (parked: Command, cli: Cli): void => {
  parked
    .command('retry')
    .description('let the running consumer try a parked event again, or all of them')
    .argument('[event]', 'id of the event; a beginning will do')
    .option('--consumer <name>', 'where it is parked; needed with --all')
    .option('--all', 'everything that stands parked in that consumer: shows how much that is, and asks')
    .option('--all-consumers', 'that event in every consumer that parked it')
    .option('-y, --yes', 'do not ask')
    .option(...jsonOption)
    .addHelpText(
      'after',
      examples(
        'hcc parked retry 5f0c1a2b --consumer read-model',
        'hcc parked retry 5f0c1a2b --all-consumers',
        'hcc parked retry --consumer read-model --all',
      ),
    )
    .action(async (text: string | undefined, _options, command: Command) => {
      const options = optionsOf<RetryOptions>(command);
      const { consumer, all, json, allConsumers } = options;
      if (all === true ? text !== undefined || consumer === undefined || allConsumers === true : text === undefined) {
        throw usageError('retry-what', 'say what to try again', {
          wanted: 'an EVENT, or --all with --consumer NAME',
          fix: 'hcc parked ls',
        });
      }
      const { api } = await connectFor(cli, command, 'operator');
      const outcome =
        all === true
          ? await retryAll(cli, api, consumer ?? '', options)
          : await retryEvent(cli, api, text ?? '', options);
      answer(cli, json, outcome.value, () => outcome.text);
      if (!outcome.ok) cli.exit.code = exitCodes.bad;
    });
};

type Outcome = { readonly ok: boolean; readonly value: object; readonly text: string };

const retryEvent = async (cli: Cli, api: Api, text: string, where: Where): Promise<Outcome> => {
  const outcomes: Outcome[] = [];
  for (const each of await findToChange(api, text, where)) outcomes.push(await retryIn(cli, api, each));
  const [only] = outcomes;
  if (where.allConsumers !== true && only !== undefined) return only;
  return {
    ok: outcomes.every(({ ok }) => ok),
    value: { consumers: outcomes.map(({ value }) => value) },
    text: outcomes.map((each) => each.text).join(''),
  };
};

const retryIn = async (cli: Cli, api: Api, found: ParkedView): Promise<Outcome> => {
  const { consumer: where, eventId, stream } = found;
  const { position } = await api.retryParked(where, eventId);
  const what = { consumer: where, eventId };
  const answered = await waited(cli, async () => {
    const now = await nowOf(api, where, eventId, position);
    return now === null || now.retryAsked == null ? { now } : null;
  });
  if (answered === null) {
    const said = `${where} has not answered yet; its retry stays asked for: hcc parked show ${shortId(eventId)}\n`;
    return { ok: false, value: { ...what, outcome: 'unanswered' }, text: said };
  }
  const { now } = answered;
  if (now === null)
    return { ok: true, value: { ...what, outcome: 'handled' }, text: `handled; ${stream} goes on in ${where}\n` };
  const { attempts, reason } = now;
  return {
    ok: false,
    value: { ...what, outcome: 'failed', attempts, reason },
    text: `it still fails in ${where}, try ${attempts}: ${reasonText(now)}\n`,
  };
};

/** `null` once it is handled. */
const nowOf = async (api: Api, consumer: string, eventId: string, position: string | null | undefined) => {
  try {
    return await api.parkedEvent(consumer, eventId, position ?? undefined);
  } catch (error) {
    if (isApiProblem(error, 'parked-event-not-found')) return null;
    throw error;
  }
};

const retryAll = async (
  cli: Cli,
  api: Api,
  consumer: string,
  { yes, json }: RetryOptions & { json?: boolean },
): Promise<Outcome> => {
  const preview = await api.parking(consumer);
  const { retryable, throughRevision } = preview;
  if (retryable === 0 || throughRevision === null) {
    const text = preview.parked === 0 ? `nothing is parked in ${consumer}\n` : `${previewText(preview, cli)}\n`;
    return { ok: preview.parked === 0, value: { ...preview, handled: 0, stillParked: preview.parked }, text };
  }
  if (yes !== true) await agreed(cli, preview, json === true);
  await api.retryAllParked(consumer, throughRevision);
  const after = await waited(cli, async () => {
    const now = await api.parking(consumer);
    return now.retryAsked === 0 ? now : null;
  });
  const left = after ?? (await api.parking(consumer));
  const handled = Math.max(0, preview.parked - left.parked);
  return {
    ok: left.parked === 0,
    value: { consumer, asked: retryable, answered: after !== null, handled, stillParked: left.parked },
    text: `${handled} handled, ${left.parked} parked${after === null ? ` (${left.retryAsked} not answered yet)` : ''}\n`,
  };
};

/** Shows what would be tried, and asks. Refuses `not-confirmed` (exit 2) where nobody says yes; a program gets the preview. */
const agreed = async (cli: Cli, preview: ParkingView, json: boolean): Promise<void> => {
  const text = previewText(preview, cli);
  const said = json ? null : await cli.terminal.confirm(`${text}. Try ${preview.retryable} again?`);
  if (said === true) return;
  throw usageError('not-confirmed', `nothing was tried again: ${text}`, {
    observed: said === null ? 'nobody to ask' : 'no',
    wanted: 'yes',
    fix: `hcc parked retry --consumer ${preview.consumer} --all --yes`,
    data: { preview },
  });
};

const previewText = (preview: ParkingView, cli: Cli): string => {
  const { consumer, parked, retryable, firstPosition, lastPosition, oldestSeenAt } = preview;
  const age = oldestSeenAt === null ? '-' : ageText(Date.parse(oldestSeenAt), cli.clock.now());
  const tired = parked - retryable;
  const left = tired === 0 ? '' : `; ${tired} of them were tried too often and are left as they are`;
  return `${parked} parked in ${consumer}, positions ${firstPosition} to ${lastPosition}, the oldest since ${age}${left}`;
};

/** Looks until there is something, or the patience ends (`null`); the work itself goes on. */
const waited = async <Found>(cli: Cli, look: () => Promise<Found | null>): Promise<Found | null> => {
  const until = cli.clock.now() + limits.parkedAnswerMs;
  let toldAt = cli.clock.now();
  for (;;) {
    const found = await look();
    if (found !== null || cli.clock.now() >= until) return found;
    if (cli.clock.now() - toldAt >= limits.progressEveryMs) {
      cli.terminal.err('hcc: waiting for the consumer\n');
      toldAt = cli.clock.now();
    }
    await cli.clock.sleep(limits.pollMs);
  }
};
