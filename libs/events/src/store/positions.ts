import type { Position } from '../envelope.ts';
import { ForeignPosition } from '../ports/event-store.ts';

/** Tokens of a store that counts its events from 1: `<first part of the store's id>.<count>`. */
export type Positions = {
  of(count: number): Position;
  /** The count inside a token. Throws {@link ForeignPosition}. */
  countOf(token: string): number;
  parse(text: string): Position;
};

/** The tokens of one store. Refuses every token that names another. */
export const createPositions = (storeId: string): Positions => {
  const name = storeId.split('-', 1)[0] ?? storeId;
  const start = `${name}.`;
  const of = (count: number): Position => `${start}${count}` as Position;
  const countOf = (token: string): number => {
    const count = token.startsWith(start) ? countFrom(token, start.length) : 0;
    if (count > 0) return count;
    throw new ForeignPosition(
      `position ${JSON.stringify(token.slice(0, 80))} is not of store ${name}; use a token this store gave out`,
    );
  };
  return { of, countOf, parse: (text) => of(countOf(text)) };
};

const digitsMax = 15;

/**
 * The digits of a text from a place on, as the number they say; 0 when they are none, too many, or begin with a 0. Digit by
 * digit: every event that is folded has its place compared more than once.
 */
const countFrom = (text: string, from: number): number => {
  const { length } = text;
  if (length - from > digitsMax || text.charCodeAt(from) === zero) return 0;
  let count = 0;
  for (let at = from; at < length; at += 1) {
    const digit = text.charCodeAt(at) - zero;
    if (digit < 0 || digit > 9) return 0;
    count = count * 10 + digit;
  }
  return count;
};

const zero = '0'.charCodeAt(0);
