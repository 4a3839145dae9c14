import { X509Certificate } from 'node:crypto';
import { DerReader } from '../der/reader.ts';
import { derTags } from '../der/tags.ts';
import { Malformed } from '../malformed.ts';
import { tpmLimits } from './limits.ts';

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
  readonly signatureAlgorithm: string;
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

export type KeyUsage = (typeof keyUsages)[number];

/**
 * Reads a certificate of a TPM's key or of its issuers: also one with an empty subject and a critical name of the TCG instead.
 * node:crypto looks at neither dates, nor constraints, nor usages, so they are read here. Throws Malformed.
 */
export function readTpmCertificate(der: Uint8Array): TpmCertificate {
  if (der.length > tpmLimits.certificateBytesMax) {
    throw new Malformed('too-large', 'Certificate', `${der.length} bytes`, `at most ${tpmLimits.certificateBytesMax}`);
  }
  const outer = new DerReader(der, 'Certificate');
  const certificate = outer.sequence('certificate');
  outer.end();
  const tbs = certificate.sequence('tbsCertificate');
  const version = tbs.hasExplicit(0) ? tbs.explicit(0, 'version').natural('version') : 0;
  if (version !== 2) throw new Malformed('wrong-value', 'Certificate.version', `v${version + 1}`, 'v3');
  const serial = Buffer.from(tbs.integerBytes('serialNumber')).toString('hex');
  const inner = tbs.tagged(derTags.sequence, 'signature').raw;
  const issuer = tbs.tagged(derTags.sequence, 'issuer').raw;
  const validity = tbs.sequence('validity');
  const [notBeforeMs, notAfterMs] = [validity.timeMs('notBefore'), validity.timeMs('notAfter')];
  validity.end();
  const subject = tbs.tagged(derTags.sequence, 'subject').raw;
  const spki = tbs.tagged(derTags.sequence, 'subjectPublicKeyInfo').raw;
  const algorithm = certificate.tagged(derTags.sequence, 'signatureAlgorithm');
  if (!Buffer.from(algorithm.raw).equals(inner)) {
    throw new Malformed('wrong-value', 'Certificate.signatureAlgorithm', 'two that differ', 'the same twice');
  }
  return {
    x509: nodeCertificate(der),
    ...{ der, serial, issuer, subject, spki, notBeforeMs, notAfterMs },
    signatureAlgorithm: new DerReader(algorithm.content, 'AlgorithmIdentifier').objectIdentifier('algorithm'),
    ...extensionsOf(tbs),
  };
}

type Extensions = Pick<
  TpmCertificate,
  'isCa' | 'pathLengthMax' | 'keyUsage' | 'extendedKeyUsage' | 'tpm' | 'unknownCritical'
>;

function extensionsOf(tbs: DerReader): Extensions {
  const found = new Map<string, Uint8Array>();
  const unknownCritical: string[] = [];
  const list = tbs.hasExplicit(3) ? tbs.explicit(3, 'extensions').sequence('extensions') : undefined;
  while (list !== undefined && list.left > 0) {
    const extension = list.sequence('extension');
    const id = extension.objectIdentifier('extnID');
    const critical = extension.nextTag === derTags.boolean && extension.boolean('critical');
    const value = extension.octetString('extnValue');
    extension.end();
    if (found.has(id)) throw new Malformed('wrong-value', 'Certificate.extensions', `${id} twice`, 'each once');
    found.set(id, value);
    if (critical && !understood.has(id)) unknownCritical.push(id);
  }
  const constraints = found.get(ids.basicConstraints);
  const usage = found.get(ids.keyUsage);
  const extended = found.get(ids.extendedKeyUsage);
  const names = found.get(ids.subjectAltName);
  return {
    ...(constraints === undefined ? { isCa: false, pathLengthMax: null } : constraintsOf(constraints)),
    keyUsage: usage === undefined ? null : usageOf(usage),
    extendedKeyUsage: extended === undefined ? null : extendedOf(extended),
    tpm: names === undefined ? noModel : modelOf(names),
    unknownCritical,
  };
}

function constraintsOf(value: Uint8Array): Pick<Extensions, 'isCa' | 'pathLengthMax'> {
  const sequence = new DerReader(value, 'BasicConstraints').sequence('sequence');
  const isCa = sequence.nextTag === derTags.boolean && sequence.boolean('cA');
  const pathLengthMax = sequence.left > 0 ? sequence.natural('pathLenConstraint') : null;
  sequence.end();
  return { isCa, pathLengthMax };
}

function usageOf(value: Uint8Array): ReadonlySet<KeyUsage> {
  const { bytes } = new DerReader(value, 'KeyUsage').bits('bits');
  return new Set(keyUsages.filter((_, bit) => ((bytes[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0));
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
      names.element('name');
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

const ids = {
  basicConstraints: '2.5.29.19',
  keyUsage: '2.5.29.15',
  extendedKeyUsage: '2.5.29.37',
  subjectAltName: '2.5.29.17',
} as const;
/** Beside those: subject directory attributes, key identifiers and policies say nothing that a chain is refused for. */
const understood: ReadonlySet<string> = new Set([
  ...Object.values(ids),
  ...['2.5.29.9', '2.5.29.14', '2.5.29.35', '2.5.29.32'],
]);
const keyUsages = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
] as const;
const modelTextMax = 64;
const noModel: TpmModel = { manufacturer: null, model: null, version: null };
