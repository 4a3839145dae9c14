import type { Cli } from '../cli.ts';
import type { ParkedEventView } from '../client/parked.ts';
import type { ParkedView } from '../client/views.ts';
import { facts, fitted, table } from '../output/table.ts';
import { countText, shortId, shortStream } from '../output/text.ts';
import { ageText, timeText } from '../output/time.ts';
import { sentenceOf, whoOf } from '../story/story.ts';
import type { FoundParked } from './parked-find.ts';

/** A line for each event: one that nobody can read is parked in a dozen consumers, and is one thing to decide. Pure but for the clock. */
export const parkedListText = (items: readonly ParkedView[], cli: Cli): string => {
  const now = cli.clock.now();
  const byEvent = new Map<string, [ParkedView, ...ParkedView[]]>();
  for (const item of items) {
    const before = byEvent.get(item.eventId);
    if (before === undefined) byEvent.set(item.eventId, [item]);
    else before.push(item);
  }
  const lines = [...byEvent.values()].map((places) => lineOf(places, now));
  const isFolded = byEvent.size < items.length;
  const fit = { columns: cli.terminal.columns, optional: ['LAST', 'TRIES', 'STREAM'] };
  return `${fitted(fit, headings, lines)}${isFolded ? 'which consumers: hcc parked show EVENT\n' : ''}`;
};

const headings = ['EVENT', 'CONSUMER', 'TYPE', 'STREAM', 'TRIES', 'FIRST', 'LAST', 'REASON'];

const lineOf = (places: FoundParked, now: number): readonly string[] => {
  const [item] = places;
  const at = (of: (place: ParkedView) => string): readonly number[] => places.map((place) => Date.parse(of(place)));
  return [
    shortId(item.eventId),
    places.length === 1 ? item.consumer : `${places.length} of them`,
    item.eventType,
    `${shortStream(item.stream)}@${item.revision}`,
    Math.max(...places.map(({ attempts }) => attempts)).toString(),
    ageText(Math.min(...at(({ firstSeenAt }) => firstSeenAt)), now),
    ageText(Math.max(...at(({ lastSeenAt }) => lastSeenAt)), now),
    item.skipped == null ? reasonText(item) : `skipped by ${whoOf(item.skipped.by)}: ${item.skipped.reason}`,
  ];
};

/** Why, without what is said of the event beside it anyway. */
export const reasonText = (it: Pick<ParkedView, 'reason' | 'eventType' | 'stream' | 'revision'>): string => {
  const [, version, why] = /^\S+ (version \d+) at \S+: (.*)$/s.exec(it.reason) ?? [];
  const isOfIt = it.reason.startsWith(`${it.eventType} `) && it.reason.includes(` at ${it.stream}@${it.revision}: `);
  return isOfIt && version !== undefined && why !== undefined ? `${version}: ${why}` : it.reason;
};

/** One event in full, and each consumer that parked it. */
export const parkedEventText = (shown: ParkedEventView, found: FoundParked, now: number): string => {
  const { event, skipped, retryAsked } = shown;
  const about = facts([
    ['event', `${shown.eventType} (${shown.eventId})`],
    ['of', `${shown.stream}, revision ${shown.revision}`],
    ['says', sentenceOf(event)],
    ['recorded', `${timeText(event.recordedAt, now)} by ${whoOf(event.actor)}`],
    ['consumer', found.length === 1 ? shown.consumer : `${countText(found.length, 'consumer')}, see below`],
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
  if (found.length === 1) return about;
  const rows = found.map((place) => [
    place.consumer,
    place.skipped == null ? (place.blocks === false ? 'owes what it asks for' : 'its stream waits') : 'skipped',
    `${place.attempts}`,
    ageText(Date.parse(place.firstSeenAt), now),
    ageText(Date.parse(place.lastSeenAt), now),
    reasonText(place),
  ]);
  return `${about}\n${table(['CONSUMER', 'STATUS', 'TRIES', 'FIRST', 'LAST', 'REASON'], rows)}`;
};

const statusText = ({ blocks, stream, consumer }: ParkedView): string =>
  blocks === false
    ? `parked: what it asks for is owed; ${stream} goes on in ${consumer}`
    : `parked: ${consumer} does not follow ${stream} from here on`;
