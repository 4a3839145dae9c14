import { hash } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { z } from 'zod';
import type { EventStore, FoldSnapshot, FoldSnapshots } from '#events';
import { parseStreamName } from '#events';
import { foldBytesMax, foldEveryEvents, headCharsMax } from './limits.ts';

export type FoldFilesOptions = {
  /** Made when it is not there. What lies in it may be removed at any time. */
  readonly dir: string;
  readonly store: Pick<EventStore, 'storeId' | 'parsePosition'>;
  /** What folds here, byte for byte: another build does not read what this one wrote. */
  readonly build: string;
  readonly everyEvents?: number;
  readonly log: (level: 'info' | 'warn', message: string, fields: Readonly<Record<string, unknown>>) => void;
};

const headForm = z.strictObject({
  format: z.literal(1),
  build: z.string(),
  storeId: z.string(),
  without: z.string(),
  place: z.strictObject({ stream: z.string(), revision: z.string(), hash: z.string(), position: z.string() }),
  bytes: z.number().int().nonnegative(),
  sha256: z.string(),
});

type Head = z.infer<typeof headForm>;

/**
 * Copies of folds as files, one for each fold: a line of JSON that says of what, and the state as V8 writes it. A file that
 * is cut off, changed, of another build or of another store is gone past, and the log is read.
 */
export const openFoldFiles = ({ dir, store, build, everyEvents = foldEveryEvents, log }: FoldFilesOptions) => {
  const pathOf = (fold: string): string => join(dir, `${fold}.fold`);

  const read = async <State>(fold: string): Promise<FoldSnapshot<State> | null> => {
    const bytes = await bytesOf(pathOf(fold));
    if (bytes === null) return null;
    const end = bytes.indexOf(0x0a);
    const head = headOf(bytes.subarray(0, Math.max(0, end)));
    if (head.build !== build || head.storeId !== store.storeId) return null;
    const body = bytes.subarray(end + 1);
    if (body.length !== head.bytes || hash('sha256', body) !== head.sha256)
      throw new Error('it is not what was written');
    return { place: placeOf(head, store), without: head.without, state: deserialize(body) };
  };

  const write = async (fold: string, { place, without, state }: FoldSnapshot<unknown>): Promise<void> => {
    const body = serialize(state);
    if (body.length > foldBytesMax) throw new Error(`it has ${body.length} bytes, and ${foldBytesMax} are allowed`);
    const head: Head = {
      ...{ format: 1, build, storeId: store.storeId, without },
      place: { ...place, revision: `${place.revision}` },
      ...{ bytes: body.length, sha256: hash('sha256', body) },
    };
    const unfinished = `${pathOf(fold)}.part`;
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const file = await open(unfinished, 'w', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(head)}\n`);
      await file.writeFile(body);
    } finally {
      await file.close();
    }
    await rename(unfinished, pathOf(fold));
  };

  const snapshots: FoldSnapshots = {
    everyEvents,
    load: async <State>(fold: string) => {
      try {
        return await read<State>(fold);
      } catch (error) {
        log('warn', 'the copy of a fold cannot be used, the log is read instead', { fold, file: pathOf(fold), error });
        return null;
      }
    },
    save: async (fold, snapshot) => {
      try {
        await write(fold, snapshot);
      } catch (error) {
        log('warn', 'no copy of a fold is kept, a start will read more of the log', { fold, error });
        await rm(`${pathOf(fold)}.part`, { force: true }).catch(() => undefined);
      }
    },
  };
  return snapshots;
};

const bytesOf = async (path: string): Promise<Buffer | null> => {
  const found = await stat(path).catch(() => null);
  if (found === null) return null;
  if (found.size > foldBytesMax + headCharsMax) throw new Error(`it has ${found.size} bytes`);
  return readFile(path);
};

const headOf = (bytes: Buffer): Head => {
  if (bytes.length === 0 || bytes.length > headCharsMax)
    throw new Error('it does not begin with a line that says what it is');
  return headForm.parse(JSON.parse(bytes.toString('utf8')));
};

const placeOf = ({ place }: Head, store: Pick<EventStore, 'parsePosition'>): FoldSnapshot<unknown>['place'] => {
  const stream = parseStreamName(place.stream);
  if (stream === null) throw new Error(`it stands at the stream ${place.stream}`);
  const { revision, hash: at, position } = place;
  return { stream, revision: BigInt(revision), hash: at, position: store.parsePosition(position) };
};
