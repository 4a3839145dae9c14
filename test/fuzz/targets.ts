import {
  certificatesOf,
  parseCertificateTable,
  parseGuestEvidence,
  parseSnpReport,
  parseTpmQuote,
  parseTpmSignature,
  readCertificate,
  readHostEvidence,
  readRevocationList,
  readTpmCertificate,
  readTpmKey,
  readVek,
  unwrapHclReport,
} from '#attestation';
import { honestEntries, openHost } from '../../libs/attestation/src/appraisal/host.fixture.ts';
import { readImaKey } from '../../libs/attestation/src/ima/keys.ts';
import { entryOf, listOf } from '../../libs/attestation/src/ima/list.fixture.ts';
import { imaListForm } from '../../libs/attestation/src/ima/list-form.ts';
import { type ListForm, ListReader } from '../../libs/attestation/src/ima/list-reader.ts';
import { parseFirmware } from '../../libs/attestation/src/measure/firmware.ts';
import { parseIdAuth, parseIdBlock } from '../../libs/attestation/src/measure/id-block.ts';
import { replayEventLog } from '../../libs/attestation/src/tpm/event-log.ts';
import { ovmfImage } from '../attestation/ovmf.ts';
import { makeSnpEvidence } from '../attestation/snp-evidence.ts';
import { softwareAk, softwareQuote } from '../attestation/software-tpm.ts';
import { vendorChain } from '../attestation/tpm-ca.ts';
import { handOverTargets } from './hand-over-targets.ts';
import { azureRuntime, certificateTable, eventLogs, imaKeys, imaSignatures } from './seeds.ts';

/** A parser of bytes that others write, and bytes it takes, to begin with. */
export type Target = {
  readonly name: string;
  readonly parse: (bytes: Uint8Array) => unknown;
  readonly seeds: readonly Uint8Array[];
  /** What it says no with; {@link Malformed} where nothing is named. */
  readonly refuses?: (error: unknown) => boolean;
};

/** Every parser of evidence and of what is sealed to a vault, with what our own code made. */
export const openTargets = async (): Promise<readonly Target[]> => {
  const { evidence, root } = await makeSnpEvidence();
  const { vek, report } = evidence;
  const lists = evidence.crl === null ? [] : [evidence.crl];
  const certificates = [vek, root.ask, root.ark];
  const [p256, rsa] = [softwareAk({ kind: 'p256' }), softwareAk({ kind: 'rsa' })];
  const pcrs = [{ bank: 'sha256' as const, index: 0, value: 'aa'.repeat(32) }];
  const quotes = [p256, rsa].map((key) => softwareQuote(key, { nonce: Buffer.alloc(32, 9), pcrs }));
  const table = certificateTable({ vcek: vek, ask: root.ask, ark: root.ark });
  const vendor = vendorChain(rsa.publicKey);
  const vendors = [vendor.leaf.der, vendor.issuing.der, vendor.root.der];
  const keys = [p256, rsa];
  const pem = certificates.map((one) => Buffer.from(pemOf(one)));
  return [
    { name: 'certificate', parse: (bytes) => readCertificate(bytes), seeds: certificates },
    { name: 'revocation-list', parse: (bytes) => readRevocationList(bytes), seeds: lists },
    { name: 'vek', parse: readVek, seeds: [vek] },
    { name: 'pem', parse: certificatesOf, seeds: [Buffer.concat(pem), vek] },
    { name: 'snp-report', parse: parseSnpReport, seeds: [report] },
    { name: 'certificate-table', parse: parseCertificateTable, seeds: [table, Buffer.alloc(24)] },
    { name: 'hcl-report', parse: unwrapHclReport, seeds: [Buffer.concat([Buffer.from('HCLA'), Buffer.alloc(2_600)])] },
    { name: 'tpm-quote', parse: parseTpmQuote, seeds: quotes.map(({ attest }) => attest) },
    { name: 'tpm-signature', parse: parseTpmSignature, seeds: quotes.map(({ signature }) => signature) },
    { name: 'tpm-key', parse: readTpmKey, seeds: [p256.area, rsa.area] },
    { name: 'tpm-event-log', parse: replayEventLog, seeds: eventLogs },
    { name: 'tpm-certificate', parse: readTpmCertificate, seeds: vendors },
    { name: 'tpm-azure-runtime', ...azureRuntime(readTpmKey(rsa.area), rsa.publicKey) },
    { name: 'firmware', parse: parseFirmware, seeds: [ovmfImage({ bytes: 8_192 })] },
    { name: 'id-block', parse: parseIdBlock, seeds: [Buffer.alloc(96)] },
    { name: 'id-auth', parse: parseIdAuth, seeds: [Buffer.alloc(4_096)] },
    { name: 'ima-key', parse: readImaKey, seeds: [...imaKeys(keys), vendor.leaf.der] },
    { name: 'ima-signature', ...imaSignatures(keys) },
    ...imaTargets(),
    ...(await handOverTargets()),
    { name: 'host-evidence', parse: readHostEvidence, seeds: [(await openHost()).round().document] },
    { name: 'guest-evidence', parse: parseGuestEvidence, seeds: [Buffer.from('{"version":1,"kind":"guest"}')] },
  ];
};

/** Measurement lists, read as they come: in pieces. */
const imaTargets = (): readonly Target[] => {
  const list = listOf(honestEntries);
  const ascii = `10 ${'a1'.repeat(20)} ima-ng sha256:${'b2'.repeat(32)} /usr/bin/a b\n10 ${'c3'.repeat(20)} ima ${'d4'.repeat(20)} /init\n`;
  const buffer = entryOf({ path: 'key', template: 'ima-buf', tail: Buffer.from('measured') }).bytes;
  const forms = (
    [
      { form: 'ascii', seeds: [Buffer.from(ascii)] },
      { form: 'binary-little-endian', seeds: [list, buffer] },
      { form: 'binary-big-endian', seeds: [list] },
    ] as const
  ).map(({ form, seeds }) => ({ name: `ima-${form}`, parse: readingInPieces(form), seeds }));
  return [...forms, { name: 'ima-list-form', parse: (bytes) => imaListForm(bytes), seeds: [list, Buffer.from(ascii)] }];
};

const readingInPieces = (form: ListForm['form']) => (bytes: Uint8Array) => {
  let taken = 0;
  const reader = new ListReader({ form, listBank: 'sha1', hashedAs: 'as-written' }, 0, () => {
    taken += 1;
  });
  const middle = bytes.length >> 1;
  reader.push(bytes.subarray(0, middle));
  reader.push(bytes.subarray(middle));
  reader.finish();
  return taken;
};

const pemOf = (certificate: Uint8Array): string =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(certificate).toString('base64')}\n-----END CERTIFICATE-----\n`;
