import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { extension } from '../../libs/simulated-processor/src/certificate.ts';
import {
  bitString,
  explicit,
  isTrue,
  natural,
  objectIdentifier,
  sequence,
  set,
  time,
  utf8String,
} from '../../libs/simulated-processor/src/der-writer.ts';

/** What a certificate of this small authority says; left out, it is what a TPM vendor's would say. */
export type CaTerms = {
  /** Its common name, or '' for the empty subject that vendors give keys of TPMs. */
  readonly name: string;
  readonly key: KeyObject;
  readonly from?: number;
  readonly until?: number;
  readonly authority?: boolean;
  readonly pathLength?: number;
  /** The bits of KeyUsage by number, or null for a certificate without the extension. */
  readonly usages?: readonly number[] | null;
  readonly purposes?: readonly string[];
  readonly model?: { readonly manufacturer: string; readonly model: string; readonly version: string };
  /** A critical extension that nobody knows. */
  readonly strange?: boolean;
  readonly hash?: 'sha1' | 'sha256';
};

export type CaCertificate = { readonly der: Buffer; readonly name: Uint8Array; readonly key: KeyObject };

/** KeyUsage bits, by what they are called. */
export const usageBits = { digitalSignature: 0, keyEncipherment: 2, keyAgreement: 4, keyCertSign: 5 } as const;
/** The TCG's purposes: of an endorsement key's certificate, and of an attestation key's. */
export const tcgPurposes = { endorsement: '2.23.133.8.1', attestation: '2.23.133.8.3' } as const;
export const caFromMs = Date.UTC(2026, 0, 1);
export const caUntilMs = Date.UTC(2036, 0, 1);

/** A P-256 key of an authority. */
export const caKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

/** Issues a certificate signed with ECDSA by `issuer`, or by its own key for a root. */
export const issue = (terms: CaTerms, issuer?: CaCertificate): CaCertificate => {
  const name = nameOf(terms.name);
  const algorithm = sequence(objectIdentifier(signatures[terms.hash ?? 'sha256']));
  const body = sequence(
    explicit(0, natural(2)),
    natural(7),
    algorithm,
    issuer?.name ?? name,
    sequence(time(terms.from ?? caFromMs), time(terms.until ?? caUntilMs)),
    name,
    publicHalf(terms.key).export({ type: 'spki', format: 'der' }),
    explicit(3, sequence(...extensionsOf(terms))),
  );
  const signature = sign(terms.hash ?? 'sha256', body, issuer?.key ?? terms.key);
  return { der: Buffer.from(sequence(body, algorithm, bitString(signature))), name, key: terms.key };
};

/** A vendor's root, its issuing authority, and the certificate of an endorsement key. */
export const vendorChain = (ek: KeyObject, change: Partial<CaTerms> = {}) => {
  const root = issue({ name: 'Vendor Root', key: caKey(), authority: true });
  const issuing = issue({ name: 'Vendor Issuing', key: caKey(), authority: true, pathLength: 0 }, root);
  return { root, issuing, leaf: issue({ ...ekTerms(ek), ...change }, issuing) };
};

/** What vendors' certificates of an endorsement key say: no subject, a critical name of the TCG, and what the key is for. */
export const ekTerms = (key: KeyObject): CaTerms => ({
  ...{ name: '', key, usages: [usageBits.keyEncipherment], purposes: [tcgPurposes.endorsement] },
  model: { manufacturer: 'id:48434300', model: 'soft', version: 'id:00010002' },
});

/** PEM of DER. */
export const pemOf = (der: Uint8Array, label = 'CERTIFICATE'): Buffer => {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return Buffer.from(`-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`);
};

const extensionsOf = ({ authority = false, pathLength, usages, purposes, model, strange }: CaTerms): Uint8Array[] => {
  const bits = usages === undefined && authority ? [usageBits.keyCertSign] : (usages ?? []);
  const octet = bits.reduce((all, bit) => all | (0x80 >> bit), 0);
  const unused = octet === 0 ? 0 : 31 - Math.clz32(octet & -octet);
  const length = pathLength === undefined ? [] : [natural(pathLength)];
  return [
    extension('2.5.29.19', sequence(...(authority ? [isTrue, ...length] : [])), true),
    ...(bits.length === 0 ? [] : [extension('2.5.29.15', bitString(Buffer.from([octet]), unused), true)]),
    ...(purposes === undefined ? [] : [extension('2.5.29.37', sequence(...purposes.map(objectIdentifier)))]),
    ...(model === undefined ? [] : [extension('2.5.29.17', sequence(explicit(4, modelOf(model))), true)]),
    ...(strange === true ? [extension('1.3.6.1.4.1.55555.1', utf8String('?'), true)] : []),
  ];
};

const modelOf = ({ manufacturer, model, version }: NonNullable<CaTerms['model']>): Uint8Array =>
  sequence(
    ...[manufacturer, model, version].map((text, at) =>
      set(sequence(objectIdentifier(`2.23.133.2.${at + 1}`), utf8String(text))),
    ),
  );

const nameOf = (text: string): Uint8Array =>
  sequence(...(text === '' ? [] : [set(sequence(objectIdentifier('2.5.4.3'), utf8String(text)))]));

/** A private key or a public one, as a public one. */
const publicHalf = (key: KeyObject): KeyObject => (key.type === 'private' ? createPublicKey(key) : key);

const signatures = { sha1: '1.2.840.10045.4.1', sha256: '1.2.840.10045.4.3.2' } as const;
