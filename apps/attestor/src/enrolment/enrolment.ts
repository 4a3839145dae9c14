import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import {
  lengthPrefixed,
  Malformed,
  makeCredential,
  readTpmKey,
  type TpmKey,
  verifyAttestationKey,
  verifyTpmCertificate,
} from '#attestation';
import type { NetworkKind, UnixMs } from '#domain';
import {
  type Activated,
  type ActivateRequest,
  AttestationRefused,
  attesterId as attesterIdOf,
  type Clock,
  derivedUuid,
  type EnrolChallenge,
  type EnrolRequest,
} from '#events';
import type { Attesters } from '../attesters/attesters.ts';
import { activationMs } from '../limits.ts';

export type EnrolmentParts = {
  readonly attesters: Pick<Attesters, 'give'>;
  readonly clock: Pick<Clock, 'now'>;
  /** Shared by the attestors of the network. */
  readonly key: Uint8Array;
  readonly random: (bytes: number) => Uint8Array;
  readonly networkKind: NetworkKind;
  /** DER of the TPM vendors' roots we trust. */
  readonly ekRoots: readonly Uint8Array[];
};

/** Binds an attestation key to the endorsement key of its TPM: only that TPM can give back what {@link Enrolment.enrol} hides. */
export type Enrolment = {
  enrol(minerId: string, request: EnrolRequest): EnrolChallenge;
  activate(minerId: string, request: ActivateRequest): Promise<Activated>;
};

/** Everything between the two steps travels with the miner, sealed: any attestor can finish what another began. */
const sealed = z.strictObject({
  akPublic: z.string(),
  akName: z.string(),
  ekPublicSha256: z.string(),
  ekCertificateSha256: z.string().nullable(),
  vendor: z.string().nullable(),
  isSimulated: z.boolean(),
  expiresAt: z.int(),
});
type Sealed = z.infer<typeof sealed>;

const secretBytes = 32;

export const createEnrolment = ({ attesters, clock, key, random, ...trust }: EnrolmentParts): Enrolment => {
  const mac = (label: string, minerId: string, text: string): Buffer =>
    createHmac('sha256', key)
      .update(lengthPrefixed(label, minerId, text))
      .digest();

  return {
    enrol: (minerId, request) => {
      const [ek, ak] = [keyOf('endorsement key', request.ekPublic), keyOf('attestation key', request.akPublic)];
      const akName = attestationKeyName(ak);
      const endorsement = endorsementOf(request, ek, { ...trust, now: clock.now() });
      const about: Sealed = {
        ...{ akPublic: request.akPublic, akName, ...endorsement, isSimulated: request.isSimulated },
        ...{ ekPublicSha256: ek.spkiSha256, expiresAt: clock.now() + activationMs },
      };
      const text = Buffer.from(JSON.stringify(about)).toString('base64url');
      const secret = mac('hcc-ak-secret-v1', minerId, text).subarray(0, secretBytes);
      const { idObject, encryptedSecret } = credential(ek, akName, secret, random);
      return {
        credentialBlob: base64(idObject),
        encryptedSecret: base64(encryptedSecret),
        token: `${text}.${mac('hcc-ak-token-v1', minerId, text).toString('base64url')}`,
      };
    },
    activate: async (minerId, { token, secret }) => {
      const [text = '', seal = ''] = token.split('.');
      if (!same(mac('hcc-ak-token-v1', minerId, text), Buffer.from(seal, 'base64url'))) {
        throw new AttestationRefused(
          'enrolment-token-unknown',
          'this token was not given to this miner; enrol again',
          0,
        );
      }
      const about = sealed.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
      if (clock.now() >= about.expiresAt) {
        throw new AttestationRefused('enrolment-token-expired', 'the enrolment took too long; enrol again', 0);
      }
      if (!same(mac('hcc-ak-secret-v1', minerId, text).subarray(0, secretBytes), Buffer.from(secret, 'base64'))) {
        throw new AttestationRefused(
          'credential-not-activated',
          'the secret is not the one that was hidden for this endorsement key and attestation key: they are not in one TPM, or the answer is for another request',
          null,
        );
      }
      const { expiresAt: _, ...enrolled } = about;
      const attesterId = attesterIdOf.decode(minerId);
      const now: UnixMs = clock.now();
      // An id of its own each time: who goes back to an older key of the same TPM records that again.
      const commandId = derivedUuid('enrol-ak', minerId, text, Buffer.from(random(16)).toString('hex'));
      await attesters.give({
        ...{ attesterId: minerId, commandId, actor: `miner:${minerId}` },
        decide: () => ({ command: { type: 'EnrolAttestationKey', now, attesterId, ...enrolled }, told: null }),
      });
      return { akName: about.akName };
    },
  };
};

const keyOf = (what: string, text: string): TpmKey => {
  try {
    return readTpmKey(Buffer.from(text, 'base64'));
  } catch (error) {
    if (error instanceof Malformed)
      throw new AttestationRefused('tpm-key-malformed', `${what}: ${error.message}`, null);
    throw error;
  }
};

/** Refuses a key that signs whatever it is given: a quote of it proves nothing. */
const attestationKeyName = (ak: TpmKey): string => {
  const verified = verifyAttestationKey(ak);
  if (verified.ok) return verified.claims.name;
  const [{ observed, wanted } = { observed: 'no public area', wanted: 'one' }] = verified.refusals;
  throw new AttestationRefused(
    'ak-not-restricted',
    `the attestation key will not do: ${observed}, wanted ${wanted}; tpm2_createak makes one`,
    null,
  );
};

type Endorsement = Pick<Sealed, 'ekCertificateSha256' | 'vendor'>;

/** Whose TPM it is. On a simulated network a software TPM needs no vendor; on any other the certificate must lead to one. */
const endorsementOf = (
  { ekCertificate, ekIssuers = [], isSimulated }: EnrolRequest,
  ek: TpmKey,
  { networkKind, ekRoots, now }: { readonly now: UnixMs } & Pick<EnrolmentParts, 'networkKind' | 'ekRoots'>,
): Endorsement => {
  if (isSimulated && networkKind !== 'simulated') {
    throw new AttestationRefused(
      'tpm-simulated',
      'a simulated TPM counts on a simulated network only; use the host’s own',
      null,
    );
  }
  const der = ekCertificate === null ? null : Buffer.from(ekCertificate, 'base64');
  const ekCertificateSha256 = der === null ? null : createHash('sha256').update(der).digest('hex');
  if (isSimulated) return { ekCertificateSha256, vendor: null };
  if (ek.kind !== endorsementKind) {
    throw new AttestationRefused(
      'ek-kind',
      `the endorsement key is ${ek.kind}, wanted ${endorsementKind}: a TPM has keys of other kinds beside it, and counts once`,
      null,
    );
  }
  if (der === null) {
    throw new AttestationRefused(
      'ek-certificate-missing',
      'the TPM gave no certificate of its endorsement key; provision it',
      null,
    );
  }
  const verified = verifyTpmCertificate(
    { certificate: der, intermediates: ekIssuers.map((one) => Buffer.from(one, 'base64')) },
    { roots: ekRoots, atMs: now, role: 'endorsement-key', key: ek },
  );
  if (verified.ok) return { ekCertificateSha256, vendor: verified.claims.issuer.slice(0, 200) };
  const [{ observed, wanted } = { observed: '', wanted: '' }] = verified.refusals;
  throw new AttestationRefused(
    'ek-untrusted',
    `the endorsement certificate leads to no vendor we trust: ${observed}, wanted ${wanted}`,
    null,
  );
};

/** A TPM is known by its endorsement key, and has several: were each taken, one TPM would count for several miners. This is
 *  the kind of the TCG's default template, which every TPM with a certificate has. */
const endorsementKind: TpmKey['kind'] = 'rsa-2048';

const credential = (ek: TpmKey, akName: string, secret: Uint8Array, random: EnrolmentParts['random']) => {
  try {
    return makeCredential(ek, Buffer.from(akName, 'hex'), secret, random);
  } catch (error) {
    if (error instanceof Malformed) throw new AttestationRefused('ek-unusable', error.message, null);
    throw error;
  }
};

const same = (wanted: Uint8Array, got: Uint8Array): boolean =>
  wanted.length === got.length && timingSafeEqual(wanted, got);

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
