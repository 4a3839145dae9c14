import { channelLimits } from '#guest-channel';

export type ListPart = {
  readonly from: number;
  readonly part: number;
  readonly bytes: string;
  readonly isLast: boolean;
};

/** Sends a list in parts of the largest size that a frame takes, the last one marked; an empty list is one empty part.
 *  No more than one part and one chunk are held. */
export const sendList = async (
  list: AsyncIterable<Uint8Array>,
  from: number,
  send: (part: ListPart) => void,
): Promise<void> => {
  let part = 0;
  for await (const { bytes, isLast } of inParts(list, channelLimits.listPartBytesMax)) {
    send({ from, part, bytes: bytes.toString('base64'), isLast });
    part += 1;
  }
};

/** Bytes cut anew into parts of `size`, the last one shorter or empty. */
export async function* inParts(
  chunks: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<{ readonly bytes: Buffer; readonly isLast: boolean }> {
  let held: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    held = held.length === 0 ? Buffer.from(chunk) : Buffer.concat([held, chunk]);
    while (held.length > size) {
      yield { bytes: held.subarray(0, size), isLast: false };
      held = held.subarray(size);
    }
  }
  yield { bytes: held, isLast: true };
}
