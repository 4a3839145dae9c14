import { createHash, createHmac } from 'node:crypto';
import type { TpmHash } from './claims.ts';

/** KDFa: key material out of a secret by HMAC in counter mode. The label ends in a NUL. Source: TPM 2.0 Library, Part 1, 11.4.10.2. */
export function kdfa(
  hash: TpmHash,
  key: Uint8Array,
  label: string,
  contextU: Uint8Array,
  contextV: Uint8Array,
  bits: number,
): Uint8Array {
  return counted(bits, (counter) =>
    createHmac(hash, key)
      .update(counter)
      .update(`${label}\0`)
      .update(contextU)
      .update(contextV)
      .update(u32(bits))
      .digest(),
  );
}

/** KDFe: key material out of an ECDH secret. Source: TPM 2.0 Library, Part 1, 11.4.10.3. */
export function kdfe(
  hash: TpmHash,
  z: Uint8Array,
  label: string,
  partyU: Uint8Array,
  partyV: Uint8Array,
  bits: number,
): Uint8Array {
  return counted(bits, (counter) =>
    createHash(hash).update(counter).update(z).update(`${label}\0`).update(partyU).update(partyV).digest(),
  );
}

function counted(bits: number, block: (counter: Uint8Array) => Uint8Array): Uint8Array {
  const size = bits / 8;
  const blocks: Uint8Array[] = [];
  let length = 0;
  for (let counter = 1; length < size; counter += 1) {
    const made = block(u32(counter));
    blocks.push(made);
    length += made.length;
  }
  return Buffer.concat(blocks).subarray(0, size);
}

function u32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
