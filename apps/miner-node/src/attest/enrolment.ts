import { credentialFile } from '#attestation';
import type { AttesterBus } from '#events';
import type { HostTpm } from '#host';

/** The key this host signs with: P-256, which every TPM 2.0 makes in a moment; and the key its maker vouches for. */
export const akKind = 'ecc';
const ekKind = 'rsa';

/** The attestation key, bound to the TPM's endorsement key by a credential that only this TPM opens. Asked for once per
 *  key: a network that knows the key is not asked. Rejects with AttestationRefused when the network does not take the TPM. */
export const enrolAttestationKey = async (
  tpm: Pick<HostTpm, 'attestationKey' | 'endorsementKey' | 'issuers' | 'activateCredential' | 'simulated'>,
  bus: Pick<AttesterBus, 'ask'>,
  knownName: string | null,
): Promise<'known' | 'enrolled'> => {
  const ak = await tpm.attestationKey(akKind);
  if (knownName === ak.name) return 'known';
  const ek = await tpm.endorsementKey(ekKind);
  // Nobody asks for the vendor of a simulated one.
  const issuers = tpm.simulated ? [] : await tpm.issuers();
  const { credentialBlob, encryptedSecret, token } = await bus.ask('enrol', {
    ekPublic: base64(ek.publicArea),
    ekCertificate: ek.certificate === null ? null : base64(ek.certificate),
    // A field that an older attestor does not know, and refuses: only who has something to say sends it.
    ...(issuers.length > 0 && { ekIssuers: issuers.map(base64) }),
    akPublic: base64(ak.publicArea),
    isSimulated: tpm.simulated,
  });
  const credential = credentialFile({ idObject: bytes(credentialBlob), encryptedSecret: bytes(encryptedSecret) });
  const secret = await tpm.activateCredential(akKind, ekKind, credential);
  await bus.ask('activate', { token, secret: base64(secret) });
  return 'enrolled';
};

const base64 = (value: Uint8Array): string => Buffer.from(value).toString('base64');
const bytes = (text: string): Buffer => Buffer.from(text, 'base64');
