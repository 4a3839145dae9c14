import type { RefusalWords } from '../verdict.ts';

/** What a person is told about each check of a report and its certificates. */
export const verificationRefusals = {
  'snp-report-form': {
    title: 'The report has the wrong length',
    fix: 'Send the 1,184 bytes as the processor gave them; take a report out of what wraps it first.',
    doesNotProve: 'It does not say that the machine is not genuine: a cut transport looks the same.',
  },
  'snp-report-version': {
    title: 'The version of the report is not known',
    fix: 'Update the host firmware, or the verifier where the firmware is the newer of the two.',
    doesNotProve: 'It says nothing about the processor.',
  },
  'snp-signature-algorithm': {
    title: 'The report names another signature algorithm',
    fix: 'Ask the processor again; SEV-SNP has only ECDSA P-384 with SHA-384.',
    doesNotProve: 'A good signature does not make the field true.',
  },
  'snp-vmpl': {
    title: 'The privilege level is none that exists',
    fix: 'Ask for the report from inside the guest, at VMPL 0 to 3.',
    doesNotProve: 'A level that exists says only who asked for the report.',
  },
  'snp-policy-form': {
    title: 'The guest policy has bits that are not defined',
    fix: 'Launch with bit 17 set and no reserved bit.',
    doesNotProve: 'It does not say that a defined bit would be acceptable.',
  },
  'snp-flags-form': {
    title: 'The flags have bits that are not defined',
    fix: 'Update the verifier if newer firmware defines them.',
    doesNotProve: 'It does not say that the report was changed.',
  },
  'snp-reserved-bytes': {
    title: 'Bytes that must be zero are not',
    fix: 'Update the verifier if a newer format uses them.',
    doesNotProve: 'It does not say that the report was changed: the signature says that.',
  },
  'snp-platform-info-form': {
    title: 'The platform tells something this product cannot',
    fix: 'Update the verifier if newer firmware defines the bits.',
    doesNotProve: 'It does not say that the bits that are known are right for you.',
  },
  'snp-tcb-form': {
    title: 'A TCB version has bytes its product does not use',
    fix: 'See that the report and the certificate are of the same product.',
    doesNotProve: 'It does not say that the firmware is old.',
  },
  'snp-signature-form': {
    title: 'The signature is longer than its numbers can be',
    fix: 'Send the report as the processor gave it.',
    doesNotProve: 'It does not say that the signature is wrong, only that another one would be the same.',
  },
  'snp-report-signature': {
    title: 'The key of the certificate did not sign this report',
    fix: 'Send the certificate of this chip at its reported TCB, and the report unchanged.',
    doesNotProve: 'It does not say which byte or which certificate is the wrong one.',
  },
  'snp-product': {
    title: 'The report is of another product than its certificate, or of an unknown one',
    fix: 'Send the certificate of this very chip; a new product needs a verifier that knows its root and TCB layout.',
    doesNotProve: 'It does not say that the processor is not genuine.',
  },
  'snp-signing-key': {
    title: 'The report names another kind of key than its certificate',
    fix: 'Send the VCEK for a report signed by the chip, the VLEK for one signed by the provider key.',
    doesNotProve: 'It does not say which of the two made the signature.',
  },
  'snp-reported-tcb': {
    title: 'The certificate is for another firmware than the report',
    fix: 'Fetch the VEK again for the TCB that is reported: it changes with each firmware update.',
    doesNotProve: 'It does not say which of the two is older.',
  },
  'snp-certificate-tcb': {
    title: 'The certificate is for newer firmware than runs',
    fix: 'Reboot the host into the firmware it reports.',
    doesNotProve: 'It does not say that the firmware is unsafe.',
  },
  'snp-committed-tcb': {
    title: 'Newer firmware is committed than runs',
    fix: 'Reboot the host into the firmware it has committed.',
    doesNotProve: 'It does not say that the firmware is unsafe.',
  },
  'snp-chip-id': {
    title: 'The certificate is of another chip',
    fix: 'Fetch the VCEK for the chip id in the report.',
    doesNotProve: 'That it fits does not say whose machine the chip is in.',
  },
  'snp-vek-form': {
    title: 'The VEK certificate cannot be read',
    fix: 'Send the VCEK or VLEK as AMD gave it out, in DER.',
    doesNotProve: 'It says nothing about the report.',
  },
  'snp-vek-hwid': {
    title: 'The VCEK names no chip',
    fix: 'Fetch the VCEK again: each names its chip.',
    doesNotProve: 'It does not say that the signature is wrong.',
  },
  'snp-vek-key': {
    title: 'The key of the VEK is not on P-384',
    fix: 'Send the VCEK or VLEK as AMD gave it out.',
    doesNotProve: 'A signature by it may well verify; AMD made no such key.',
  },
  'snp-vek-usage': {
    title: 'The VEK certificate is for another use',
    fix: 'Send the certificate of the VEK itself, not of an authority above it.',
    doesNotProve: 'It does not say that its key is bad.',
  },
  'snp-vek-issuer': {
    title: 'The certificate of the issuer is missing, or of another product or kind',
    fix: 'Send the ASK with a VCEK, the ASVK with a VLEK, of the same product.',
    doesNotProve: 'It does not say that AMD did not sign the VEK.',
  },
  'snp-vek-signature': {
    title: 'The issuer did not sign the VEK certificate in the way AMD does',
    fix: 'Fetch VEK and chain again from the AMD key server.',
    doesNotProve: 'A signature by itself says nothing about dates or revocation.',
  },
  'snp-vek-dates': {
    title: 'The VEK certificate is not valid at this time',
    fix: 'Fetch it again; VLEKs live for one year.',
    doesNotProve: 'Old evidence may have been good in its time: judge it at that time.',
  },
  'snp-chain-form': {
    title: 'The certificates beside the VEK cannot be read',
    fix: 'Send ASK or ASVK, and ARK, in DER, and nothing else.',
    doesNotProve: 'It says nothing about the report.',
  },
  'snp-intermediate-usage': {
    title: 'The issuer may not issue certificates',
    fix: 'Send the ASK or ASVK as AMD gave it out.',
    doesNotProve: 'It does not say that its signature is wrong.',
  },
  'snp-intermediate-signature': {
    title: 'The root did not sign the issuer',
    fix: 'Send the ASK or ASVK of the same product and generation as the root.',
    doesNotProve: 'It does not say that the VEK is forged.',
  },
  'snp-intermediate-dates': {
    title: 'The certificate of the issuer is not valid at this time',
    fix: 'Fetch the chain again.',
    doesNotProve: 'Old evidence may have been good in its time: judge it at that time.',
  },
  'snp-root-pinned': {
    title: 'The chain does not end in a root this verifier trusts',
    fix: 'Send the chain of the AMD key server; on a simulated network, name its root to the verifier.',
    doesNotProve: 'A root that comes with evidence proves nothing, however well it signs.',
  },
  'snp-root-usage': {
    title: 'The certificate of the root may not issue certificates',
    fix: 'Send the ARK as AMD gave it out.',
    doesNotProve: 'It does not say that the key is another one.',
  },
  'snp-root-signature': {
    title: 'The certificate of the root is not signed by its own key',
    fix: 'Send the ARK as AMD gave it out.',
    doesNotProve: 'That it is says nothing: anybody can sign their own.',
  },
  'snp-root-dates': {
    title: 'The certificate of the root is not valid at this time',
    fix: 'Fetch the chain again.',
    doesNotProve: 'Old evidence may have been good in its time: judge it at that time.',
  },
  'snp-crl': {
    title: 'The revocation list cannot be used',
    fix: 'Fetch the list of the product again from the AMD key server.',
    doesNotProve: 'It does not say that anything is revoked.',
  },
  'snp-crl-dates': {
    title: 'The revocation list is not in force at this time',
    fix: 'Fetch the list again; the policy says whether an old one will do.',
    doesNotProve: 'An old list says nothing about what was revoked since.',
  },
  'snp-not-revoked': {
    title: 'A certificate of the chain is revoked',
    fix: 'Update the firmware until AMD certifies its key under another issuer.',
    doesNotProve: 'It does not say that this very machine was attacked.',
  },
} as const satisfies Readonly<Record<string, RefusalWords>>;
