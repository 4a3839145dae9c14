import type { RefusalWords } from '../verdict.ts';

/** What a person is told about each check of this anchor that can fail. */
export const tpmRefusals = {
  'tpm-attest-form': words(
    'The quote is not a TPMS_ATTEST',
    'Send the structure as the TPM gave it, whole and with nothing behind it.',
    'It does not say that the host was changed: a broken transport looks the same.',
  ),
  'tpm-magic': words(
    'The signed bytes were not made by a TPM',
    'Quote with a restricted key: a TPM then puts its own magic in front.',
    'A good signature over them proves only who holds the key.',
  ),
  'tpm-type': words(
    'The TPM signed something else than a quote',
    'Ask the TPM for TPM2_Quote, not for a certification, creation or time.',
    'The key may well be good; the registers are simply not in it.',
  ),
  'tpm-signature-form': words(
    'The signature is not a TPMT_SIGNATURE we know',
    'Use an attestation key of RSASSA, RSAPSS or ECDSA with SHA-256, SHA-384 or SHA-512.',
    'It does not say that the quote was forged.',
  ),
  'tpm-signature-scheme': words(
    'The signature uses another scheme than its key',
    'Quote with the scheme the key was made for.',
    'A signature that verifies under another hash does not make its header true.',
  ),
  'tpm-signature': words(
    'The attestation key did not sign these bytes',
    'Quote again with the enrolled key; enrol again if the TPM was cleared or replaced.',
    'It does not say which byte is wrong, nor that the registers are.',
  ),
  'tpm-ak-strength': words(
    'The attestation key is too weak or of an unknown kind',
    'Make an attestation key of RSA 2048 or more, P-256 or P-384.',
    'A strong key alone says nothing about where it lives.',
  ),
  'tpm-ak-attributes': words(
    'The key may sign what did not come from its TPM',
    'Make the key in the TPM: restricted, signing only, fixed to TPM and parent. Send its public area, not only an SPKI.',
    'Right attributes prove nothing until the key is bound to an endorsement key.',
  ),
  'tpm-nonce': words(
    'The quote answers another challenge',
    'Answer each challenge once, with its own nonce.',
    'It does not say that the state is bad: the quote may be old, or another host’s.',
  ),
  'tpm-sha1': words(
    'The quote relies on SHA-1',
    'Quote the sha256 bank with a key that signs with SHA-256 or better.',
    'It does not say that somebody made a collision, only that one could.',
  ),
  'tpm-pcr-selection': words(
    'Registers that were asked for are not in the quote',
    'Quote at least the registers of the challenge.',
    'Nothing is known of the registers that are missing.',
  ),
  'tpm-pcr-values': words(
    'The register values do not fit the quote',
    'Send each quoted register once, in its bank, and no other.',
    'A value that is not quoted is signed by nobody.',
  ),
  'tpm-pcr-digest': words(
    'The register values are not the ones quoted',
    'Read the registers and quote again; something may have extended one in between.',
    'It does not say which register differs.',
  ),
  'tpm-reset-count': words(
    'The TPM’s count of resets has gone back',
    'Enrol again if the TPM was cleared; otherwise find out who restored its state.',
    'It does not tell a replayed quote from a restored TPM.',
  ),
  'tpm-restart-count': words(
    'The TPM’s count of restarts has gone back',
    'Quote again; enrol again if the TPM was cleared.',
    'It does not tell a replayed quote from a restored TPM.',
  ),
  'tpm-clock': words(
    'The TPM’s clock has gone back',
    'Quote again; enrol again if the TPM was cleared.',
    'It is not the time of day: it only orders quotes of one TPM.',
  ),
  'tpm-firmware': words(
    'The TPM’s firmware is older than it was',
    'Install the newer firmware again.',
    'Newer firmware is not known to be good by that.',
  ),
  'tpm-clock-safe': words(
    'The TPM’s clock may repeat itself',
    'Shut the host down in order once; the TPM then says its clock is safe.',
    'A safe clock says nothing about the host’s state.',
  ),
  'tpm-cert-form': words(
    'A certificate could not be read',
    'Send DER as the vendor issued it, without padding behind it.',
    'It does not say that the TPM is not genuine.',
  ),
  'tpm-cert-chain': words(
    'No trusted vendor issued the certificate',
    'Send the vendor’s intermediates, or have the operator trust the vendor’s root.',
    'It does not say that the TPM is not genuine: the root may just not be known here.',
  ),
  'tpm-cert-dates': words(
    'A certificate is not valid at this time',
    'Get the vendor’s current certificate, or set the clock right.',
    'A key does not lose its place in the TPM on that day.',
  ),
  'tpm-cert-extension': words(
    'A certificate has a critical extension we do not understand',
    'Report the vendor and the extension’s number.',
    'It does not say that the TPM is not genuine.',
  ),
  'tpm-cert-authority': words(
    'An issuer in the chain may not issue certificates',
    'Send the vendor’s own intermediates.',
    'A signature by it proves nothing about a TPM.',
  ),
  'tpm-cert-leaf': words(
    'The certificate is an authority’s, not a key’s',
    'Send the certificate of the endorsement or attestation key itself.',
    'It does not say that the authority is bad.',
  ),
  'tpm-cert-role': words(
    'The certificate is for a key of another role',
    'Send the endorsement key’s certificate where that is asked for, and the attestation key’s where that is.',
    'Either may be genuine.',
  ),
  'tpm-cert-key': words(
    'The certificate is for another key',
    'Send the certificate of the very key that is used.',
    'The certificate itself may be genuine: another TPM’s.',
  ),
  'tpm-azure-runtime': words(
    'The SNP report does not cover the runtime data',
    'Send runtime data and report of one and the same HCL report.',
    'It does not say that the report is bad.',
  ),
  'tpm-azure-key': words(
    'The runtime data names another attestation key',
    'Quote with the VM’s own HCLAkPub.',
    'The quote may be genuine: of another VM.',
  ),
} as const satisfies Readonly<Record<string, RefusalWords>>;

export type TpmRefusalCode = keyof typeof tpmRefusals;

function words(title: string, fix: string, doesNotProve: string): RefusalWords {
  return { title, fix, doesNotProve };
}
