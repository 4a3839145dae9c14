import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { bootBinding, type GuestResult } from '#attestation';
import { assertPresented, type Presented } from './presented.ts';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const nonce = Buffer.alloc(32, 7);
const guestKey = Buffer.alloc(1_216, 5);
const boot = { sshHostKey: 'ssh-ed25519 AAAA', headerSha256: 'ab'.repeat(32), counter: 3 };

const result = (purpose: 'vm-key' | 'ssh-host-key', more: Partial<GuestResult> = {}): GuestResult => ({
  ...{
    kind: 'guest',
    appraisalId: 'one',
    attesterId: 'vm-1',
    networkId: 'n',
    platform: 'simulated',
    policySha256: '0',
  },
  ...{ groups: { hardware: 'affirming', launch: 'affirming', tpm: 'none', ima: 'none', identity: 'affirming' } },
  ...{ evidenceSha256: '0', nonceSha256: sha256(nonce), refusals: [], tier: 'affirming', attestorId: 'a', purpose },
  ...{ generation: 1, bootId: 'b', suite: '', launchDigest: null, minerId: 'miner-1', issuedAtMs: 0, expiresAtMs: 1 },
  bindingSha256: sha256(purpose === 'vm-key' ? guestKey : bootBinding(boot)),
  ...more,
});

const asKey: Presented = { vmId: 'vm-1', nonce: nonce.toString('base64'), purpose: 'vm-key', guestKey };
const asBoot: Presented = { vmId: 'vm-1', nonce: nonce.toString('base64'), purpose: 'ssh-host-key', boot };

test('given what was appraised, and nothing else / when it is presented / then it is taken', () => {
  expect(() => assertPresented(result('vm-key'), 'miner-1', asKey)).not.toThrow();
  expect(() => assertPresented(result('ssh-host-key'), 'miner-1', asBoot)).not.toThrow();
});

const keyResult = result('vm-key');
const bootResult = result('ssh-host-key');
test.each<[string, string, GuestResult, string, Presented]>([
  ['another VM', 'VM', keyResult, 'miner-1', { ...asKey, vmId: 'vm-2' }],
  ['another miner', 'miner', keyResult, 'miner-2', asKey],
  ['another purpose', 'purpose', bootResult, 'miner-1', asKey],
  ['another challenge', 'nonce', keyResult, 'miner-1', { ...asKey, nonce: Buffer.alloc(32, 8).toString('base64') }],
  ['another guest key', 'binding', keyResult, 'miner-1', { ...asKey, guestKey: Buffer.alloc(1_216, 6) }],
  ['another host key', 'binding', bootResult, 'miner-1', { ...asBoot, boot: { ...boot, sshHostKey: 'ssh-ed25519 B' } }],
  ['another header', 'binding', bootResult, 'miner-1', { ...asBoot, boot: { ...boot, headerSha256: 'cd'.repeat(32) } }],
  ['another counter', 'binding', bootResult, 'miner-1', { ...asBoot, boot: { ...boot, counter: 4 } }],
])('given %s than was appraised / then it is refused, and %s is named', (_, named, of, miner, given) => {
  expect(() => assertPresented(of, miner, given)).toThrow(
    expect.objectContaining({
      ...{ name: 'GuestRefused', code: 'result-other', retryInMs: null },
      message: expect.stringContaining(`about another ${named}:`),
    }),
  );
});
