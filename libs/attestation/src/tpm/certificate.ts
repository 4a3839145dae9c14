import { X509Certificate } from 'node:crypto';
import { readCertificate } from '../der/certificate.ts';
import { basicConstraintsOf, extensionIds, type KeyUsage, keyUsagesOf } from '../der/extensions.ts';
import { DerReader } from '../der/reader.ts';
import type { SignatureAlgorithm } from '../der/signature-algorithm.ts';
import { Malformed } from '../malformed.ts';

/** What a certificate says of the TPM it is for (TCG EK Credential Profile, 3.2.9), where it says it. */
export interface TpmModel {
  readonly manufacturer: string | null;
  readonly model: string | null;
  readonly version: string | null;
}

export interface TpmCertificate {
  readonly x509: X509Certificate;
  readonly der: Uint8Array;
  readonly serial: string;
  readonly signatureAlgorithm: SignatureAlgorithm;
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly spki: Uint8Array;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly isCa: boolean;
  readonly pathLengthMax: number | null;
  /** Names of the bits that are set, or null without the extension. */
  readonly keyUsage: ReadonlySet<KeyUsage> | null;
  readonly extendedKeyUsage: readonly string[] | null;
  readonly tpm: TpmModel;
  /** Critical extensions nobody here understands: a chain with one is refused. */
  readonly unknownCritical: readonly string[];
}

/**
 * Reads a certificate of a TPM's key or of its issuers: also one with an empty subject and a critical name of the TCG instead.
 * node:crypto looks at neither dates, nor constraints, nor usages, so they are read here. Throws Malformed.
 */
export function readTpmCertificate(der: Uint8Array): TpmCertificate {
  const read = readCertificate(der);
  const { serialHex: serial, issuer, subject, notBeforeMs, notAfterMs, extensions } = read;
  const constraints = basicConstraintsOf(extensions);
  const extended = extensions.get(extensionIds.extendedKeyUsage);
  const names = extensions.get(extensionIds.subjectAltName);
  return {
    x509: nodeCertificate(der),
    ...{ der, serial, issuer: issuer.raw, subject: subject.raw, spki: read.publicKey.raw, notBeforeMs, notAfterMs },
    signatureAlgorithm: read.signatureAlgorithm,
    isCa: constraints?.authority ?? false,
    pathLengthMax: constraints?.pathLength ?? null,
    keyUsage: keyUsagesOf(extensions),
    extendedKeyUsage: extended === undefined ? null : extendedOf(extended.value),
    tpm: names === undefined ? noModel : modelOf(names.value),
    unknownCritical: [...extensions].flatMap(([id, { critical }]) => (critical && !understood.has(id) ? [id] : [])),
  };
}

function extendedOf(value: Uint8Array): readonly string[] {
  const sequence = new DerReader(value, 'ExtKeyUsage').sequence('sequence');
  const usages: string[] = [];
  while (sequence.left > 0) usages.push(sequence.objectIdentifier('purpose'));
  return usages;
}

/** The TCG's attributes of the directory names; other kinds of name are passed over. */
function modelOf(value: Uint8Array): TpmModel {
  const names = new DerReader(value, 'SubjectAltName').sequence('names');
  const said = new Map<string, string>();
  while (names.left > 0) {
    if (!names.hasExplicit(4)) {
      names.skip('name');
      continue;
    }
    const relative = names.explicit(4, 'directoryName').sequence('name');
    while (relative.left > 0) {
      const set = relative.set('relativeName');
      while (set.left > 0) {
        const attribute = set.sequence('attribute');
        const id = attribute.objectIdentifier('type');
        if (id.startsWith('2.23.133.2.')) said.set(id, attribute.string('value').slice(0, modelTextMax));
      }
    }
  }
  return {
    manufacturer: said.get('2.23.133.2.1') ?? null,
    model: said.get('2.23.133.2.2') ?? null,
    version: said.get('2.23.133.2.3') ?? null,
  };
}

function nodeCertificate(der: Uint8Array): X509Certificate {
  try {
    const x509 = new X509Certificate(der);
    // OpenSSL reads the key when it is asked for, and refuses some vendors' then.
    if (x509.publicKey.type === 'public') return x509;
  } catch {
    // Named below.
  }
  throw new Malformed('unknown-form', 'Certificate', 'a key or form OpenSSL does not read', 'RSA, P-256 or P-384');
}

/** Beside those that are read: subject directory attributes, key identifiers and policies say nothing that a chain is refused for. */
const understood: ReadonlySet<string> = new Set([
  ...[extensionIds.basicConstraints, extensionIds.keyUsage, extensionIds.extendedKeyUsage, extensionIds.subjectAltName],
  ...['2.5.29.9', '2.5.29.14', '2.5.29.35', '2.5.29.32'],
]);
const modelTextMax = 64;
const noModel: TpmModel = { manufacturer: null, model: null, version: null };
