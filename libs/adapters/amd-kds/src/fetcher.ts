import type { VekAnswer } from '#attestation';
import type { Clock } from '#events';
import { createKeptFiles, type Kept, type KeptFiles } from './kept-files.ts';
import { get } from './key-server.ts';
import { unknownKeptMs, unknownMax } from './limits.ts';
import { createPauses, type Pauses } from './pauses.ts';

/** Something the key server has. */
export interface Wanted {
  /** Of its file. */
  readonly name: string;
  readonly path: string;
  /** Requests of one lane wait for each other's pauses. */
  readonly lane: string;
  readonly bytesMax: number;
  /** How old a kept one may be before it is asked for anew. */
  readonly keptMs: number;
  /** Whether these bytes are of that kind at all; trust is not asked. */
  readonly isGood: (bytes: Uint8Array) => boolean;
}

export type Had = (Kept & { readonly found: true; readonly stale: boolean }) | Extract<VekAnswer, { found: false }>;

export interface Fetcher {
  readonly kept: (name: string, isGood: Wanted['isGood']) => Promise<Kept | null>;
  /** From its file while that is young, else from the server, else from its file however old. Two that want the same share one request. */
  readonly have: (wanted: Wanted) => Promise<Had>;
}

type Options = { readonly baseUrl: URL; readonly folder: string; readonly clock: Clock };

/** Gets things of a key server and keeps them. */
export const createFetcher = ({ baseUrl, folder, clock }: Options): Fetcher => {
  const files = createKeptFiles(folder);
  const lanes = new Map<string, Pauses>();
  const running = new Map<string, Promise<Had>>();
  const unknown = new Map<string, number>();
  const laneOf = (lane: string): Pauses => {
    const pauses = lanes.get(lane) ?? createPauses();
    lanes.set(lane, pauses);
    return pauses;
  };
  const kept: Fetcher['kept'] = async (name, isGood) => {
    const found = await files.read(name);
    return found !== null && isGood(found.bytes) ? found : null;
  };
  const fetchOrKept = async (wanted: Wanted): Promise<Had> => {
    const known = await kept(wanted.name, wanted.isGood);
    if (known !== null && clock.now() - known.fetchedAtMs <= wanted.keptMs)
      return { ...known, found: true, stale: false };
    const had = await ask({ baseUrl, files, clock, unknown }, laneOf(wanted.lane), wanted);
    return had.found || known === null ? had : { ...known, found: true, stale: true };
  };
  const have = (wanted: Wanted): Promise<Had> => {
    const under = running.get(wanted.path) ?? fetchOrKept(wanted).finally(() => running.delete(wanted.path));
    running.set(wanted.path, under);
    return under;
  };
  return { kept, have };
};

type Asking = {
  readonly baseUrl: URL;
  readonly files: KeptFiles;
  readonly clock: Clock;
  /** Paths the server knew nothing of, and when it said so; the oldest first. */
  readonly unknown: Map<string, number>;
};

const ask = async ({ baseUrl, files, clock, unknown }: Asking, lane: Pauses, wanted: Wanted): Promise<Had> => {
  const said = unknown.get(wanted.path);
  if (said !== undefined && clock.now() - said < unknownKeptMs) return notKnown(`${wanted.path}: it said so already`);
  const waitMs = lane.take(clock.now());
  if (waitMs > 0) return later(`${wanted.path}: the pause between requests is not over`, waitMs);
  const answer = await get(baseUrl, wanted.path, wanted.bytesMax);
  if (answer.status === 'later') return later(answer.detail, lane.refused(clock.now(), answer.retryAfterMs));
  lane.answered();
  if (answer.status === 'unknown') {
    unknown.delete(wanted.path);
    unknown.set(wanted.path, clock.now());
    const oldest = unknown.keys().next();
    if (unknown.size > unknownMax && oldest.done !== true) unknown.delete(oldest.value);
    return notKnown(answer.detail);
  }
  if (!wanted.isGood(answer.bytes)) {
    return later(`${wanted.path}: the answer is something else`, lane.refused(clock.now(), null));
  }
  const fetched = { bytes: answer.bytes, fetchedAtMs: clock.now() };
  await files.write(wanted.name, fetched);
  return { ...fetched, found: true, stale: false };
};

const notKnown = (detail: string): Had => ({ found: false, code: 'unknown', detail, retryAfterMs: null });
const later = (detail: string, retryAfterMs: number): Had => ({ found: false, code: 'later', detail, retryAfterMs });
