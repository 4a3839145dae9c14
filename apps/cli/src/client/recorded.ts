import { parseStreamName, type RecordedEvent } from '#events';
import { badAnswer } from '../cli-error.ts';
import { limits } from '../limits.ts';
import type { Api } from './api.ts';
import { ApiProblem } from './problem.ts';
import type { EventView } from './views.ts';

/** An event as codecs read it. */
export type Readable = Pick<RecordedEvent, 'type' | 'version' | 'data' | 'stream' | 'revision' | 'recordedAt'>;

/** An event of an answer in the form that codecs read. Refuses one of a stream that cannot be. */
export const recordedOf = ({ type, version, data, stream: name, revision, recordedAt }: EventView): Readable => {
  const stream = parseStreamName(name);
  if (stream === null) throw badAnswer('stream-malformed', `the API answered an event of "${name.slice(0, 80)}"`);
  return { type, version, data, stream, revision: BigInt(revision), recordedAt };
};

/** A stream page by page, oldest first; nothing for one that is not there. Never more than a page in memory. */
export async function* recordedEvents(api: Api, stream: string): AsyncGenerator<Readable> {
  for (let from = 0n; ; ) {
    const { items } = await page(api, stream, from);
    for (const event of items) yield recordedOf(event);
    from += BigInt(items.length);
    if (items.length < limits.pageEventsMax) return;
  }
}

const page = async (api: Api, stream: string, from: bigint) => {
  try {
    return await api.streamPage(stream, from, limits.pageEventsMax);
  } catch (error) {
    if (error instanceof ApiProblem && error.code === 'not-found') return { items: [] };
    throw error;
  }
};
