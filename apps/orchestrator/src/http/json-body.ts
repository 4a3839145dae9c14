import { DoorProblem } from '#edge';

type Done = (error: Error | null, body?: unknown) => void;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Reads a body as JSON in UTF-8; an empty one is none. Refuses `malformed-json`, saying where it breaks. */
export const readJson = (body: string | Buffer, done: Done): void => {
  if (body.length === 0) {
    done(null, undefined);
    return;
  }
  try {
    done(null, parsed(typeof body === 'string' ? body : utf8.decode(body)));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    done(new DoorProblem('malformed-json', `the body is not JSON in UTF-8: ${reason.slice(0, 200)}`));
  }
};

/** An escape may name half of a surrogate pair, which no UTF-8 can say: it could be neither hashed nor recorded. */
const parsed = (text: string): unknown =>
  HALF_OF_A_PAIR.test(text) ? JSON.parse(text, demandWhole) : JSON.parse(text);

const HALF_OF_A_PAIR = /\\u[dD][89a-fA-F]/;

const demandWhole = (key: string, value: unknown): unknown => {
  if (isWhole(key) && (typeof value !== 'string' || isWhole(value))) return value;
  throw new SyntaxError(`an escape at "${key.toWellFormed()}" is half of a surrogate pair`);
};

const isWhole = (text: string): boolean => text.isWellFormed();
