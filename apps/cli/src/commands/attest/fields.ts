import {
  type Certificate,
  type CertificateTable,
  type FirmwareLayout,
  type IdAuth,
  type IdBlock,
  type RevocationList,
  sayTcb,
  showSelection,
  type TpmKey,
  type TpmQuote,
  type TpmSignature,
  type VekCertificate,
} from '#attestation';
import { isoTime } from '#events';

/** Fields by name, in the order they are shown. */
export type Fields = readonly (readonly [string, string])[];

export const certificateFields = (certificate: Certificate): Fields => [
  ['subject', certificate.subject.commonName ?? '(no common name)'],
  ['issuer', certificate.issuer.commonName ?? '(no common name)'],
  ['serial', certificate.serialHex],
  ['valid', `${isoTime(certificate.notBeforeMs)} to ${isoTime(certificate.notAfterMs)}`],
  ['key', certificate.publicKey.curve ?? certificate.publicKey.algorithm],
];

export const listFields = (certificates: readonly Certificate[]): Fields =>
  certificates.flatMap((certificate, at) =>
    certificateFields(certificate).map(([name, value]) => [`${at + 1} ${name}`, value] as const),
  );

export const vekFields = (vek: VekCertificate): Fields => [
  ['kind', vek.kind.toUpperCase()],
  ['product', vek.productName],
  ['TCB', sayTcb(vek.tcb)],
  ['chip', vek.hwId === null ? '-' : hex(vek.hwId)],
  ['provider', vek.cspId ?? '-'],
  ['sha256', vek.sha256],
  ...certificateFields(vek.certificate),
];

export const revocationFields = (list: RevocationList): Fields => [
  ['issuer', list.issuer.commonName ?? '(no common name)'],
  ['this update', isoTime(list.thisUpdateMs)],
  ['next update', list.nextUpdateMs === null ? '-' : isoTime(list.nextUpdateMs)],
  ['revoked', `${list.revokedSerials.size}`],
  ...[...list.revokedSerials].slice(0, serialsShownMax).map((serial) => ['serial', serial] as const),
];

export const tableFields = (table: CertificateTable): Fields => [
  ...(['ark', 'ask', 'vcek', 'vlek', 'crl'] as const).map(
    (name) => [name.toUpperCase(), bytesOf(table[name])] as const,
  ),
  ...table.others.map(({ guid, bytes }) => [guid, bytesOf(bytes)] as const),
];

export const idBlockFields = (block: IdBlock): Fields => [
  ['launch digest', block.launchDigest],
  ['family id', block.familyId],
  ['image id', block.imageId],
  ['version', `${block.version}`],
  ['guest SVN', `${block.guestSvn}`],
  ['policy', `0x${block.policy.toString(16)}`],
];

export const idAuthFields = (auth: IdAuth): Fields => [
  ['ID key digest', auth.idKeyDigest],
  ['author key digest', auth.authorKeyDigest ?? '(no author key)'],
];

export const quoteFields = (quote: TpmQuote): Fields => [
  ['extra data (nonce)', hex(quote.extraData) || '(empty)'],
  ['qualified signer', hex(quote.qualifiedSigner)],
  ['clock', `${quote.clockMs} ms, ${quote.safe ? 'safe' : 'not safe'}`],
  ['resets', `${quote.resetCount}, restarts ${quote.restartCount}`],
  ['firmware', `0x${BigInt(`0x${hex(quote.firmwareVersion)}`).toString(16)}`],
  ['PCRs', showSelection(quote.selection)],
  ['PCR digest', hex(quote.pcrDigest)],
];

export const keyFields = (key: TpmKey): Fields => [
  ['key', key.kind],
  ['name', key.name ?? '(an SPKI has none)'],
  ['sha256 of its SPKI', key.spkiSha256],
  ...(key.area === undefined
    ? []
    : [
        [
          'attributes',
          Object.entries(key.area.attributes)
            .flatMap(([name, set]) => (set ? [name] : []))
            .join(', '),
        ] as const,
        [
          'scheme',
          key.area.scheme === undefined ? '-' : `${key.area.scheme.name} with ${key.area.scheme.hash}`,
        ] as const,
      ]),
];

export const signatureFields = (signature: TpmSignature): Fields => [
  ['scheme', `${signature.scheme} with ${signature.hash}`],
  ...(signature.scheme === 'ecdsa'
    ? ([
        ['r', hex(signature.r)],
        ['s', hex(signature.s)],
      ] as const)
    : ([['value', hex(signature.value)]] as const)),
];

export const firmwareFields = (layout: FirmwareLayout): Fields => [
  ['size', `${layout.sizeBytes} bytes`],
  [
    'measures a kernel',
    layout.hashTableGpa !== null && layout.sections.some(({ kind }) => kind === 'kernel-hashes') ? 'yes' : 'no',
  ],
  ['reset of other vCPUs', `0x${layout.resetEip.toString(16)}`],
  ...layout.sections.map(({ kind, gpa, pages }) => [kind, `${pages} pages at 0x${gpa.toString(16)}`] as const),
];

const serialsShownMax = 20;
const bytesOf = (bytes: Uint8Array | null): string => (bytes === null ? '-' : `${bytes.length} bytes`);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
