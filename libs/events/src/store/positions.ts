import type { Position } from '../envelope.ts';
import { ForeignPosition } from '../ports/event-store.ts';

/** Tokens of a store that counts its events from 1: `<first part of the store's id>.<count>`. */
export type Positions = {
  of(count: number): Position;
  /** The count inside a token. Throws {@link ForeignPosition}. */
  countOf(token: string): number;
  /** Negative, zero or positive. Throws {@link ForeignPosition}. */
  compare(a: string, b: string): number;
  parse(text: string): Position;
};

/** The tokens of one store. Refuses every token that names another. */
export const createPositions = (storeId: string): Positions => {
  const name = storeId.split('-', 1)[0] ?? storeId;
  const start = `${name}.`;
  /** Tokens of a page or so, each where its count says: who goes through the log has what was made here, and in order. */
  const made = Array.from({ length: madeMax }, () => ({ token: '', count: 0 }));
  const of = (count: number): Position => {
    const token = `${start}${count}` as Position;
    const kept = made[count % madeMax];
    if (kept !== undefined) [kept.token, kept.count] = [token, count];
    return token;
  };
  /** The token that was read last: each place is compared with the one before. */
  let [lastToken, lastCount] = ['', 0];
  const countOf = (token: string): number => {
    if (token === lastToken && lastCount > 0) return lastCount;
    const count = token.startsWith(start) ? countFrom(token, start.length) : 0;
    if (count > 0) {
      [lastToken, lastCount] = [token, count];
      return count;
    }
    throw new ForeignPosition(
      `position ${JSON.stringify(token.slice(0, 80))} is not of store ${name}; use a token this store gave out`,
    );
  };
  const compare = (a: string, b: string): number => {
    // The place before comes second, and is the one that was read last.
    const before = countOf(b);
    // Asked first: the very text that was made is found equal at once, any other is put together and read for that.
    const next = made[(before + 1) % madeMax];
    if (next === undefined || next.count === 0 || next.token !== a) return countOf(a) - before;
    [lastToken, lastCount] = [next.token, next.count];
    return next.count - before;
  };
  return { of, countOf, compare, parse: (text) => of(countOf(text)) };
};

/** Tokens that are remembered. A page has fewer. */
const madeMax = 1_024;

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
