import {
  certificatesOf,
  idAuthBytes,
  idBlockBytes,
  Malformed,
  parseCertificateTable,
  parseFirmware,
  parseIdAuth,
  parseIdBlock,
  parseTpmQuote,
  parseTpmSignature,
  readCertificate,
  readRevocationList,
  readTpmKey,
  readVek,
  unwrapHclReport,
} from '#attestation';
import { guestEvidenceFields } from './evidence-document.ts';
import {
  certificateFields,
  type Fields,
  firmwareFields,
  idAuthFields,
  idBlockFields,
  keyFields,
  listFields,
  quoteFields,
  revocationFields,
  signatureFields,
  tableFields,
  vekFields,
} from './fields.ts';
import { imaFields } from './ima-fields.ts';
import { snpFields } from './snp-fields.ts';

export type Recognised = { readonly kind: string; readonly fields: Fields };

/** How the kinds are told apart: by a magic, a size or their first bytes; then by what parses whole. */
const kinds: readonly (readonly [kind: string, read: (bytes: Buffer) => Fields | null])[] = [
  ['SNP report', (bytes) => (bytes.length === 0x4a0 ? snpFields(bytes) : null)],
  ['HCL report', (bytes) => (startsWith(bytes, 'HCLA') ? hclFields(bytes) : null)],
  ['TPM quote', (bytes) => (bytes.readUInt32BE(0) === 0xff54_4347 ? quoteFields(parseTpmQuote(bytes)) : null)],
  ['IMA list', imaFields],
  ['VEK certificate', (bytes) => (isDer(bytes) || isPem(bytes) ? vekFields(readVek(first(bytes))) : null)],
  ['certificates', (bytes) => (isDer(bytes) || isPem(bytes) ? chainFields(bytes) : null)],
  ['revocation list', (bytes) => (isDer(bytes) ? revocationFields(readRevocationList(bytes)) : null)],
  ['ID block', (bytes) => (bytes.length === idBlockBytes ? idBlockFields(parseIdBlock(bytes)) : null)],
  ['ID authentication', (bytes) => (bytes.length === idAuthBytes ? idAuthFields(parseIdAuth(bytes)) : null)],
  ['TPM public key', (bytes) => keyFields(readTpmKey(bytes))],
  ['TPM signature', (bytes) => signatureFields(parseTpmSignature(bytes))],
  ['firmware', (bytes) => (bytes.length % 4096 === 0 ? firmwareFields(parseFirmware(bytes)) : null)],
  ['certificate table', (bytes) => tableFields(parseCertificateTable(bytes))],
  ['guest evidence', (bytes) => (startsWith(bytes, '{') ? guestEvidenceFields(bytes) : null)],
];

/** What can be shown, as a person calls it. */
export const evidenceKinds: readonly string[] = kinds.map(([kind]) => kind);

/** The first kind that these bytes are, whole; null when they are none. */
export const recognise = (bytes: Buffer): Recognised | null => {
  if (bytes.length < 8) return null;
  for (const [kind, read] of kinds) {
    try {
      const fields = read(bytes);
      if (fields !== null) return { kind, fields };
    } catch (error) {
      // Not of this kind; another may fit.
      if (!(error instanceof Malformed)) throw error;
    }
  }
  return null;
};

const hclFields = (bytes: Buffer): Fields => {
  const { report, rest } = unwrapHclReport(bytes);
  const end = rest.findLastIndex((byte) => byte !== 0) + 1;
  return [...snpFields(report), ['after the report', `${end} bytes of the paravisor`]];
};

const chainFields = (bytes: Buffer): Fields => {
  const certificates = certificatesOf(bytes).map((der) => readCertificate(der));
  const [only] = certificates;
  return certificates.length === 1 && only !== undefined ? certificateFields(only) : listFields(certificates);
};

const first = (bytes: Buffer): Uint8Array => {
  const [certificate, ...more] = certificatesOf(bytes);
  if (certificate !== undefined && more.length === 0) return certificate;
  throw new Malformed('unknown-form', 'VEK certificate', `${more.length + 1} certificates`, 'one');
};

const startsWith = (bytes: Buffer, text: string): boolean => bytes.subarray(0, text.length).toString('latin1') === text;
const isDer = (bytes: Buffer): boolean => bytes[0] === 0x30;
const isPem = (bytes: Buffer): boolean => startsWith(bytes, '-----BEGIN CERTIFICATE-----');
