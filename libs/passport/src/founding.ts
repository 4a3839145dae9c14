import { createPublicKey, type KeyObject } from 'node:crypto';
import type { Network } from '#domain';
import { byNetwork, firstOf, type PassportCheck, unchecked } from './check.ts';
import type { Passport } from './document.ts';
import { isSignedBy } from './signed.ts';
import { codecs, readTold } from './told.ts';

/** The network a passport is of, by its founding event, and the key it was founded with. */
export type Founded = {
  readonly network: Network;
  /** Ed25519, 32 raw bytes in lower-case hex: as guests read it from their measured command line. */
  readonly keyHex: string;
};

export type Founding = { readonly founded: Founded | null; readonly checks: readonly PassportCheck[] };

/**
 * Who signed: the key of the founding event must have signed every byte, and be the one that whoever verifies expects.
 * `expected` null says that nobody expects any: then the passport vouches for its own network.
 */
export const foundingOf = (passport: Passport, expected: KeyObject | null): Founding => {
  const [main] = passport.streams;
  const read = main === undefined ? null : readTold(main, codecs.network);
  if (read === null || 'unknown' in read) return { founded: null, checks: read === null ? [] : [read.unknown] };
  const [first] = read.told;
  const key = first === undefined ? null : ed25519Of(first.event.networkPublicKey);
  if (first === undefined || key === null) {
    const wrong = first === undefined ? 'network-main has no event' : 'its key is no Ed25519 key';
    return { founded: null, checks: [byNetwork('network-founded', 'document', wrong, '')] };
  }
  const { type: _, ...network } = first.event;
  const keyHex = rawHexOf(key);
  const otherNetwork = network.networkId !== passport.networkId && `it is of network ${network.networkId}`;
  return {
    founded: { network, keyHex },
    checks: [
      byNetwork(
        'network-founded',
        'document',
        firstOf(otherNetwork),
        `network ${network.name} (${network.kind}), ${network.networkId}`,
      ),
      byNetwork(
        'signature',
        'document',
        isSignedBy(passport, key) ? null : `not signed by the key that network ${network.name} was founded with`,
        `every byte is signed by network key ${keyHex}`,
      ),
      expectedCheck(keyHex, expected),
    ],
  };
};

const expectedCheck = (keyHex: string, expected: KeyObject | null): PassportCheck => {
  if (expected === null) {
    const detail = `nobody said which key to expect: that ${keyHex} is the key of the network you mean is for you to compare`;
    return unchecked('network-key', 'document', detail);
  }
  const wanted = rawHexOf(expected);
  const wrong = wanted === keyHex ? null : `it is ${keyHex}; expected was ${wanted}`;
  return byNetwork('network-key', 'document', wrong, 'the key is the one that was expected');
};

const ed25519Of = (spki: string): KeyObject | null => {
  try {
    const key = createPublicKey({ key: Buffer.from(spki, 'base64'), format: 'der', type: 'spki' });
    return key.asymmetricKeyType === 'ed25519' ? key : null;
  } catch {
    return null;
  }
};

const rawHexOf = (key: KeyObject): string => key.export({ format: 'raw-public' }).toString('hex');
