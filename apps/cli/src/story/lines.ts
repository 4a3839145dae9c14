import type { EventView } from '../client/views.ts';
import type { Style } from '../output/style.ts';
import { shortId } from '../output/text.ts';
import { sentenceOf, whoOf } from './story.ts';

/** Tells a stream line by line: time, event, who, why. It remembers what it told, to name a cause by its type. */
export type Narrator = (event: EventView) => string;

const typeWidth = 22;
const whoWidth = 24;

/** A narrator that knows the types of some events. A cause outside them is named by its id, or as a request of the actor. */
export const createNarrator = (style: Style, known: ReadonlyMap<string, string> = new Map()): Narrator => {
  const typeById = new Map(known);
  return (event) => {
    typeById.set(event.eventId, event.type);
    const head = `${style.faint(event.recordedAt)}  ${toneOf(event.type, style)(event.type.padEnd(typeWidth))}`;
    const why = `because ${causeOf(event, typeById)}`;
    return `${head}  ${whoOf(event.actor).padEnd(whoWidth)}  ${sentenceOf(event)}  ${style.faint(why)}\n`;
  };
};

/** Why, in a few words. */
const causeOf = (event: EventView, typeById: ReadonlyMap<string, string>): string => {
  const cause = typeById.get(event.causationId);
  if (cause !== undefined && event.causationId !== event.eventId) return cause;
  if (/^(owner|operator|viewer):/.test(event.actor)) return 'it was asked for';
  if (event.actor.startsWith('miner:')) return 'the miner reported it';
  return `of ${shortId(event.causationId)}`;
};

const toneOf = (type: string, style: Style): ((text: string) => string) => {
  if (/Refused$|Failed$|Lost$|Parked$/.test(type)) return style.bad;
  if (/DeadlinePassed$|Rejected$|Declined$/.test(type)) return style.careful;
  return type === 'VmRunning' ? style.good : style.strong;
};
