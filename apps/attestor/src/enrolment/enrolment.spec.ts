import { constants, createDecipheriv, privateDecrypt, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { createManualClock, createMemoryEventStore } from '#adapters/memory';
import { protectCredential, readTpmKey } from '#attestation';
import type { EnrolChallenge } from '#events';
import { type SoftwareKey, softwareAk, softwareEk } from '../../../../test/attestation/software-tpm.ts';
import { ekTerms, issue, vendorChain } from '../../../../test/attestation/tpm-ca.ts';
import { uuid } from '../../../../test/domain/samples.ts';
import { createAttesters } from '../attesters/attesters.ts';
import { activationMs } from '../limits.ts';
import { createEnrolment, type EnrolmentParts } from './enrolment.ts';

const [minerId, otherId] = [uuid<never>(1), uuid<never>(2)] as const;
const key = Buffer.alloc(32, 3);
const [ek, otherEk] = [softwareEk('rsa'), softwareEk('rsa')];
const ak = softwareAk({ kind: 'p256' });
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const request = {
  ...{ ekPublic: base64(ek.area), ekCertificate: null, akPublic: base64(ak.area), isSimulated: true },
};

const open = (over: Partial<EnrolmentParts> = {}) => {
  const clock = createManualClock(Date.UTC(2026, 10, 21));
  const attesters = createAttesters({ store: createMemoryEventStore(), clock, known: () => undefined });
  const parts = { attesters, clock, key, random: randomBytes, networkKind: 'simulated', ekRoots: [], ...over } as const;
  return { clock, attesters, enrolment: createEnrolment(parts) };
};

/** What TPM2_ActivateCredential does, by the specification: the private half of the endorsement key gives the seed, and the seed the secret. */
const activated = (
  { credentialBlob, encryptedSecret }: EnrolChallenge,
  { privateKey }: SoftwareKey,
  akName: string,
) => {
  const wrapped = Buffer.from(encryptedSecret, 'base64');
  const seed = privateDecrypt(
    {
      ...{ key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' },
      oaepLabel: Buffer.from('IDENTITY\0'),
    },
    wrapped.length === 256 ? wrapped : wrapped.subarray(2),
  );
  const blob = Buffer.from(credentialBlob, 'base64').subarray(2);
  const encrypted = blob.subarray(2 + blob.readUInt16BE(0));
  const name = Buffer.from(akName, 'hex');
  const { symmetricKey } = protectCredential({
    ...{ hash: 'sha256', aesBits: 128, seed, akName: name, secret: Buffer.alloc(1) },
  });
  const secret = createDecipheriv('aes-128-cfb', symmetricKey, Buffer.alloc(16)).update(encrypted);
  return base64(secret.subarray(2));
};

const nameOf = (token: string): string =>
  JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).akName;

test('given a TPM that has both keys / when it gives back what was hidden / then its attestation key is enrolled', async () => {
  const { enrolment, attesters } = open();
  const challenge = enrolment.enrol(minerId, request);
  const akName = nameOf(challenge.token);
  const answer = { token: challenge.token, secret: activated(challenge, ek, akName) };
  expect(await enrolment.activate(minerId, answer)).toEqual({ akName });
  expect((await attesters.state(minerId))?.key).toMatchObject({ akName, isSimulated: true, vendor: null });
  expect(await enrolment.activate(minerId, answer), 'once more, because the answer was lost').toEqual({ akName });
});

test('given two keys of one TPM / when the miner goes back to the first by its old answer / then that one counts again', async () => {
  const { enrolment, attesters } = open();
  const second = softwareAk({ kind: 'p256' });
  const answers = [request, { ...request, akPublic: base64(second.area) }].map((one) => {
    const challenge = enrolment.enrol(minerId, one);
    return { token: challenge.token, secret: activated(challenge, ek, nameOf(challenge.token)) };
  });
  for (const answer of [...answers, ...answers.slice(0, 1)]) await enrolment.activate(minerId, answer);
  expect((await attesters.state(minerId))?.key?.akName).toBe(nameOf(answers[0]?.token ?? ''));
});

test('given another attestor of the network / when the miner answers there / then it is enrolled: all it needs travels with the miner', async () => {
  const challenge = open().enrolment.enrol(minerId, request);
  const { enrolment } = open();
  const secret = activated(challenge, ek, nameOf(challenge.token));
  expect(await enrolment.activate(minerId, { token: challenge.token, secret })).toBeTruthy();
});

test.each<[string, string, (challenge: EnrolChallenge, clock: ReturnType<typeof open>['clock']) => Promise<object>]>([
  ['a token that was changed', 'enrolment-token-unknown', async ({ token }) => ({ token: `A${token.slice(1)}` })],
  ['no token', 'enrolment-token-unknown', async () => ({ token: '' })],
  ['the token of another miner', 'enrolment-token-unknown', async () => ({ minerId: otherId })],
  ['another secret', 'credential-not-activated', async () => ({ secret: base64(Buffer.alloc(32)) })],
  [
    'an answer that took too long',
    'enrolment-token-expired',
    async (_, clock) => clock.advance(activationMs).then(() => ({})),
  ],
])('given %s / then it is refused with %s, and no key is enrolled', async (_, code, change) => {
  const { enrolment, attesters, clock } = open();
  const challenge = enrolment.enrol(minerId, request);
  const honest = { minerId, token: challenge.token, secret: activated(challenge, ek, nameOf(challenge.token)) };
  const { minerId: from, ...answer } = { ...honest, ...(await change(challenge, clock)) };
  await expect(enrolment.activate(from, answer)).rejects.toMatchObject({ code });
  expect(await attesters.state(from)).toBeNull();
});

test('given a TPM that has another endorsement key / when it is asked / then it gets nothing out', () => {
  const challenge = open().enrolment.enrol(minerId, request);
  const secret = (): string => activated(challenge, otherEk, nameOf(challenge.token));
  // OpenSSL refuses the padding; what it gives where it does not is no secret of ours.
  expect(secret).toThrow();
});

const { root: vendorRoot, issuing, leaf } = vendorChain(ek.publicKey, { until: Date.UTC(2030, 0, 1) });
const eccEk = softwareEk('p256');
const eccLeaf = issue(ekTerms(eccEk.publicKey), issuing);
const production = { networkKind: 'production', ekRoots: [] } as const;
const trusting = { ...production, ekRoots: [vendorRoot.der] };
const vendors = {
  ...{ isSimulated: false, ekCertificate: base64(leaf.der), ekIssuers: [base64(issuing.der)] },
};

test('given the TPM of a vendor on a production network, with the authority between / when it gives back what was hidden / then its key is enrolled, and whose it is', async () => {
  const { enrolment, attesters } = open(trusting);
  const challenge = enrolment.enrol(minerId, { ...request, ...vendors });
  const akName = nameOf(challenge.token);
  await enrolment.activate(minerId, { token: challenge.token, secret: activated(challenge, ek, akName) });
  expect((await attesters.state(minerId))?.key).toMatchObject({
    ...{ akName, isSimulated: false, vendor: 'CN=Vendor Issuing' },
    ekPublicSha256: readTpmKey(ek.area).spkiSha256,
  });
});

const notRestricted = softwareAk({ kind: 'p256', attributes: 0x0004_0072 });
test.each<[string, string, object, Partial<EnrolmentParts>]>([
  [
    'an attestation key that signs whatever it is given',
    'ak-not-restricted',
    { akPublic: base64(notRestricted.area) },
    {},
  ],
  ['an endorsement key as attestation key', 'ak-not-restricted', { akPublic: base64(ek.area) }, {}],
  ['an attestation key as endorsement key', 'ek-unusable', { ekPublic: base64(ak.area) }, {}],
  ['bytes that are no key', 'tpm-key-malformed', { ekPublic: 'AAAA' }, {}],
  ['a simulated TPM on a production network', 'tpm-simulated', {}, production],
  ['a real TPM without a certificate', 'ek-certificate-missing', { isSimulated: false }, production],
  ['a certificate that leads nowhere', 'ek-untrusted', { isSimulated: false, ekCertificate: 'MAA=' }, production],
  ['a vendor’s certificate without the authority between', 'ek-untrusted', { ...vendors, ekIssuers: [] }, trusting],
  ['an authority between that cannot be read', 'ek-untrusted', { ...vendors, ekIssuers: ['MAA='] }, trusting],
  ['the certificate of another TPM’s key', 'ek-untrusted', { ...vendors, ekPublic: base64(otherEk.area) }, trusting],
  [
    'the other endorsement key of a TPM, which would count again',
    'ek-kind',
    { ...vendors, ekPublic: base64(eccEk.area), ekCertificate: base64(eccLeaf.der) },
    trusting,
  ],
  ['a vendor nobody here trusts', 'ek-untrusted', vendors, production],
])('given %s / then it is refused with %s', (_, code, change, parts) => {
  expect(() => open(parts).enrolment.enrol(minerId, { ...request, ...change })).toThrow(
    expect.objectContaining({ code }),
  );
});
