import { AttestationRefused, type Clock, type ImaPart, type ImaPartTaken, imaPartBytesMax, imaPartsMax } from '#events';
import { nonceMs, spoolBytesMax } from '../limits.ts';

/** Parts of measurement lists that came ahead of their evidence: one list for each miner, gone with its nonce. */
export type ImaSpool = {
  /** Takes the next part of a list. A part with index 0 begins anew. Throws AttestationRefused. */
  take(minerId: string, part: ImaPart): ImaPartTaken;
  /** The whole list for this nonce, once; `null` when there are not exactly so many parts. */
  collect(minerId: string, nonce: string, parts: number): Uint8Array | null;
};

type Held = { readonly nonce: string; readonly until: number; readonly parts: readonly Uint8Array[] };

/** In bounded memory, whoever sends: beyond it the oldest are asked to begin again. */
export const createImaSpool = (clock: Pick<Clock, 'now'>, bytesMax: number = spoolBytesMax): ImaSpool => {
  const held = new Map<string, Held>();
  let bytesHeld = 0;

  const drop = (minerId: string): void => {
    const dropped = held.get(minerId);
    if (dropped === undefined) return;
    held.delete(minerId);
    bytesHeld -= sizeOf(dropped);
  };
  const makeRoom = (): void => {
    const now = clock.now();
    for (const [minerId, { until }] of held) {
      if (until > now) break;
      drop(minerId);
    }
    for (const minerId of held.keys()) {
      if (bytesHeld <= bytesMax) return;
      drop(minerId);
    }
  };

  return {
    take: (minerId, { nonce, index, bytes: text }) => {
      const bytes = Buffer.from(text, 'base64');
      const before = held.get(minerId);
      const parts = index > 0 && before?.nonce === nonce ? before.parts : [];
      if (index !== parts.length || index >= imaPartsMax || bytes.length > imaPartBytesMax) {
        const wanted = `part ${parts.length} of at most ${imaPartsMax}, each up to ${imaPartBytesMax} bytes`;
        throw new AttestationRefused(
          'ima-part-unexpected',
          `part ${index} of ${bytes.length} bytes; wanted ${wanted}`,
          0,
        );
      }
      drop(minerId);
      const grown = { nonce, until: clock.now() + nonceMs, parts: [...parts, bytes] };
      // Put last: who sent longest ago makes room first.
      held.set(minerId, grown);
      bytesHeld += sizeOf(grown);
      makeRoom();
      return { nextIndex: index + 1 };
    },
    collect: (minerId, nonce, parts) => {
      const found = held.get(minerId);
      drop(minerId);
      return found?.nonce === nonce && found.parts.length === parts ? Buffer.concat(found.parts) : null;
    },
  };
};

const sizeOf = ({ parts }: Held): number => parts.reduce((sum, { length }) => sum + length, 0);
