import { describe, expect, test } from 'vitest';
import { openRelease, sealRelease } from './index.ts';
import { bootOf, guestOf, networkOf, secretsOf } from './sealing.fixture.ts';

describe('a release', () => {
  test.each(['x-wing/hkdf-sha256/aes-256-gcm', 'x25519/hkdf-sha256/aes-256-gcm'] as const)(
    'given a guest with a key of %s / when its release is sealed / then it opens it, and finds what was sealed',
    async (suite) => {
      const [network, guest, secrets] = [networkOf(), await guestOf(suite), secretsOf()];
      const terms = { mode: 'unlock', headerSha256: 'ab'.repeat(32), minCounter: 7 } as const;
      const text = await sealRelease({
        ...{ boot: bootOf(), terms, secrets, guestKey: guest.publicKey, suite, allowClassical: true },
        networkKey: network.privateKey,
      });
      const opened = await openRelease({ text, networkKey: network.publicKey, guestKey: guest, boot: bootOf() });
      expect(opened).toEqual({ ...terms, secrets });
    },
  );
});
