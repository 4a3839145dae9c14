/**
 * A snapshot without the code that Node keeps beside it for modules of its own that may be read later: 4 MB of 10. V8 takes
 * such code only with the flags it was made with, which are not those that a guest is started with, so a guest would read it
 * from its first RAM disk for nothing. Node 24 writes it last: how many, then each one's name and bytes, every length in 8
 * bytes. Where that is not what a snapshot ends with, it stays as it is. Pure.
 */
export function withoutCodeCache(snapshot: Uint8Array): Uint8Array {
  const view = Buffer.from(snapshot.buffer, snapshot.byteOffset, snapshot.byteLength);
  const at = codeCacheOf(view);
  return at === undefined ? snapshot : Buffer.concat([view.subarray(0, at), Buffer.alloc(8)]);
}

/** Node 24 has 388 modules. Few could be found by accident in other bytes. */
const modules = { min: 50, max: 2_000 } as const;

/** Where the list begins that ends with the last byte. */
function codeCacheOf(view: Buffer): number | undefined {
  for (let at = view.length - 8; at >= 0; at -= 1) {
    // Most bytes are in no such number: its upper half is zero.
    if (view[at + 4] !== 0 || view[at + 7] !== 0) continue;
    const count = lengthAt(view, at);
    if (count >= modules.min && count <= modules.max && endOfList(view, at + 8, count) === view.length) return at;
  }
  return undefined;
}

function endOfList(view: Buffer, from: number, count: number): number | undefined {
  let at = from;
  for (let index = 0; index < count; index += 1) {
    const nameBytes = lengthAt(view, at);
    if (nameBytes < 1 || nameBytes > 200) return undefined;
    if (!/^[\w/.-]+$/.test(view.toString('latin1', at + 8, at + 8 + nameBytes))) return undefined;
    at += 8 + nameBytes;
    at += 8 + lengthAt(view, at);
    if (!(at <= view.length)) return undefined;
  }
  return at;
}

/** Not a number where none is left. */
function lengthAt(view: Buffer, at: number): number {
  return at + 8 > view.length ? Number.NaN : Number(view.readBigUInt64LE(at));
}
