import type { Position } from '../envelope.ts';
import { ForeignPosition } from '../ports/event-store.ts';

/** Tokens of a store that counts its events from 1: `<first part of the store's id>.<count>`. */
export type Positions = {
  of(count: number): Position;
  /** The count inside a token. Throws {@link ForeignPosition}. */
  countOf(token: string): number;
  parse(text: string): Position;
};

const TOKEN = /^([A-Za-z0-9]{1,64})\.([1-9][0-9]{0,14})$/;

/** The tokens of one store. Refuses every token that names another. */
export const createPositions = (storeId: string): Positions => {
  const name = storeId.split('-', 1)[0] ?? storeId;
  const of = (count: number): Position => `${name}.${count}` as Position;
  const countOf = (token: string): number => {
    const [, store, count] = TOKEN.exec(token) ?? [];
    if (store === name && count !== undefined) return Number(count);
    throw new ForeignPosition(
      `position ${JSON.stringify(token.slice(0, 80))} is not of store ${name}; use a token this store gave out`,
    );
  };
  return { of, countOf, parse: (text) => of(countOf(text)) };
};
