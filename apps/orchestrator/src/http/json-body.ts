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
    done(null, JSON.parse(typeof body === 'string' ? body : utf8.decode(body)));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    done(new DoorProblem('malformed-json', `the body is not JSON in UTF-8: ${reason.slice(0, 200)}`));
  }
};
