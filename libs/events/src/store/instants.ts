import type { UnixMs } from '#domain';
import type { Position } from '../envelope.ts';
import { instantMarksMax } from '../limits.ts';
import type { EventStore } from '../ports/event-store.ts';
import { isoTime } from '../schemas/values.ts';

/** The latest time recorded up to a position. It never falls, however the clocks jump, so marks can be searched by halves. */
type Mark = { readonly position: Position; readonly latest: string };

/**
 * `positionAt` of a store that keeps no index of time. It pages through the log once and goes on from there; what it
 * remembers is a bounded number of marks, so a later question reads the stretch between two of them.
 */
export const createInstants = (readAll: EventStore['readAll']): Pick<EventStore, 'positionAt'> => {
  let marks: Mark[] = [];
  let apart = 1;
  let pages = 0;
  let busy: Promise<unknown> = Promise.resolve();

  const remember = (mark: Mark): void => {
    pages += 1;
    if (pages % apart !== 0) return;
    marks.push(mark);
    if (marks.length < instantMarksMax) return;
    marks = marks.filter((_, index) => index % 2 === 1);
    apart *= 2;
  };

  const search = async (wanted: string, from: Mark | undefined, isKnown: boolean): Promise<Position | null> => {
    let before = from?.position ?? null;
    let latest = from?.latest ?? '';
    for (;;) {
      const page = await readAll({ after: before });
      for (const { recordedAt, position } of page.events) {
        if (recordedAt > wanted) return before;
        before = position;
        if (recordedAt > latest) latest = recordedAt;
      }
      if (before !== null && page.events.length > 0 && !isKnown) remember({ position: before, latest });
      if (page.end) return before;
    }
  };

  const find = (time: UnixMs): Promise<Position | null> => {
    const wanted = isoTime(time);
    const later = marks.findIndex(({ latest }) => latest > wanted);
    return later === -1 ? search(wanted, marks.at(-1), false) : search(wanted, marks[later - 1], true);
  };

  return {
    // One after the other: two that page through the same stretch would remember it twice.
    positionAt: (time) => {
      const found = busy.then(() => find(time));
      busy = found.catch(() => undefined);
      return found;
    },
  };
};
