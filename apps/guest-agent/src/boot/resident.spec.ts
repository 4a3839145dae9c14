import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { signNetworkMessage } from '#sealing';
import { applyAccess } from './resident.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hcc-resident-'));
  await mkdir(join(dir, 'proc/sys/kernel'), { recursive: true });
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const network = generateKeyPairSync('ed25519');
const stranger = generateKeyPairSync('ed25519');
const rawKey = network.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
const boot = {
  networkId: '11111111-1111-4111-8111-111111111111',
  vmId: '22222222-2222-4222-8222-222222222222',
  generation: 3,
  bootId: '33333333-3333-4333-8333-333333333333',
};
const guestKeySha256 = createHash('sha256').update('guest').digest('hex');
const ownersKey = `ssh-ed25519 ${'A'.repeat(68)}`;
const leakedKey = `ssh-ed25519 ${'B'.repeat(68)}`;

const message = (keysVersion: number, authorizedKeys: readonly string[], over: Partial<typeof boot> = {}) =>
  ({
    ...{ version: 1, purpose: 'access', ...boot, ...over, guestKeySha256, nonce: '' },
    ...{ keysVersion, hostname: `web-${keysVersion}`, authorizedKeys },
  }) as Parameters<typeof signNetworkMessage>[0];

/** What a guest does with an envelope while keys of one version are in place: the version after it, what it says, its files. */
const taken = async (envelope: string, present: number) => {
  const said: string[] = [];
  const places = { run: join(dir, 'run'), proc: join(dir, 'proc') };
  const identity = { ...boot, networkKey: rawKey } as never;
  const version = await applyAccess(
    { identity, guestKeySha256, places, say: (line) => said.push(line) },
    envelope,
    present,
  );
  const keys = await readFile(join(dir, 'run/hcc/ssh/authorized_keys'), 'utf8').catch(() => null);
  return { version, said: said.join('\n'), keys };
};

describe('SSH keys that come while a VM runs', () => {
  test('given newer keys by the network / when they come / then they are in place', async () => {
    const envelope = signNetworkMessage(message(2, [ownersKey]), network.privateKey);
    expect(await taken(envelope, 1)).toMatchObject({ version: 2, keys: `${ownersKey}\n` });
    expect(await readFile(join(dir, 'proc/sys/kernel/hostname'), 'utf8')).toBe('web-2');
  });

  test('given keys without a leaked one are in place / when the host plays the older message again / then the leaked key stays out', async () => {
    const older = signNetworkMessage(message(1, [ownersKey, leakedKey]), network.privateKey);
    await taken(signNetworkMessage(message(2, [ownersKey]), network.privateKey), 1);
    expect(await taken(older, 2)).toMatchObject({ version: 2, keys: `${ownersKey}\n` });
    expect(await readFile(join(dir, 'proc/sys/kernel/hostname'), 'utf8')).toBe('web-2');
  });

  test.each([
    [
      'signed by somebody else',
      () => signNetworkMessage(message(2, [leakedKey]), stranger.privateKey),
      'message-signature',
    ],
    [
      'of another boot of this VM',
      () => signNetworkMessage(message(2, [leakedKey], { bootId: boot.vmId }), network.privateKey),
      'message-other',
    ],
    [
      'of another VM',
      () => signNetworkMessage(message(2, [leakedKey], { vmId: boot.bootId }), network.privateKey),
      'message-other',
    ],
    ['that is none', () => 'keys', 'message-malformed'],
  ])(
    'given a message %s / when it comes / then nothing changes and the console has why',
    async (_what, envelope, code) => {
      expect(await taken(envelope(), 1)).toEqual({ version: 1, said: expect.stringContaining(code), keys: null });
    },
  );
});
