import { createPublicKey, sign } from 'node:crypto';
import type { SnpEndorsements } from '#attestation';
import { authorityExtensions, extension, writeCertificate } from '../../libs/simulated-processor/src/certificate.ts';
import { bitString, ia5String, isTrue, natural, sequence } from '../../libs/simulated-processor/src/der-writer.ts';
import { commonNames, distinguishedName } from '../../libs/simulated-processor/src/names.ts';
import { chipIdOf } from '../../libs/simulated-processor/src/vcek.ts';
import type { SnpBench } from './snp-evidence.ts';

const signedBytes = 0x2a0;

/** A report of which bytes were changed before the chip signed it: correctly signed, whatever it says. */
export const alteredReport = (bench: SnpBench, change: (report: Buffer) => void): Uint8Array => {
  const report = Buffer.from(bench.evidence.report);
  change(report);
  const signature = sign('sha384', report.subarray(0, signedBytes), { key: bench.chipKey, dsaEncoding: 'ieee-p1363' });
  report.set(signature.subarray(0, 48).toReversed(), signedBytes);
  report.set(signature.subarray(48).toReversed(), signedBytes + 72);
  return report;
};

/** What one certificate of a chain says otherwise. */
export type CertificateChange = {
  readonly notBeforeMs?: number;
  readonly notAfterMs?: number;
  /** In place of what it has under the same identifier, or beside it; `null` leaves it out. */
  readonly extensions?: Readonly<Record<string, Uint8Array | null>>;
};

/** Extensions to change a certificate by. */
export const forged = {
  basicConstraints: '2.5.29.19',
  keyUsage: '2.5.29.15',
  hwId: '1.3.6.1.4.1.3704.1.4',
  noAuthority: extension('2.5.29.19', sequence(), true),
  authority: (pathLength: number) => extension('2.5.29.19', sequence(isTrue, natural(pathLength)), true),
  /** KeyUsage with one bit: 0 signs, 5 signs certificates, 6 signs lists. */
  usage: (bit: number) => extension('2.5.29.15', bitString(Buffer.from([0x80 >> bit]), 7 - bit), true),
  strange: extension('1.3.6.1.4.1.55555.1', natural(1), true),
} as const;

/** The chain of the bench's chip, issued anew by the same keys, with what is changed of each certificate. */
export const reissued = (
  { root, chipKey }: SnpBench,
  change: { readonly vek?: CertificateChange; readonly ask?: CertificateChange; readonly ark?: CertificateChange },
): Pick<SnpEndorsements, 'vek' | 'chain'> => {
  const { network, product, keys } = root;
  const spkiOf = (key: typeof chipKey) => createPublicKey(key).export({ type: 'spki', format: 'der' });
  const [arkSpki, askSpki, vekSpki] = [spkiOf(keys.ark), spkiOf(keys.ask), spkiOf(chipKey)];
  const names = {
    ark: distinguishedName(network, commonNames.ark(product)),
    ask: distinguishedName(network, commonNames.ask(product)),
    vek: distinguishedName(network, commonNames.vcek),
  };
  const dates = { notBeforeMs: Date.UTC(2026, 0, 1), notAfterMs: Date.UTC(2033, 0, 1) };
  const authority = { issuerSpki: arkSpki, signsLists: true, pathLength: null };
  const authorities = {
    ark: named(authorityIds, authorityExtensions({ ...authority, spki: arkSpki })),
    ask: named(authorityIds, authorityExtensions({ ...authority, spki: askSpki, signsLists: false, pathLength: 0 })),
  };
  const written = (which: keyof typeof names, own: Extensions, spki: Uint8Array, by: 'ark' | 'ask', serial: number) => {
    const { extensions = {}, ...others } = change[which] ?? {};
    const all = Object.values({ ...own, ...extensions }).filter((one) => one !== null);
    const terms = { serial, issuer: names[by], subject: names[which], publicKeySpki: spki, extensions: all };
    return writeCertificate({ ...terms, ...dates, ...others }, keys[by]);
  };
  return {
    vek: written('vek', vekExtensions(vekSpki), vekSpki, 'ask', 0),
    chain: [
      written('ask', authorities.ask, askSpki, 'ark', 0x10001),
      written('ark', authorities.ark, arkSpki, 'ark', 0x10000),
    ],
  };
};

type Extensions = Readonly<Record<string, Uint8Array>>;

/** The order in which an authority's extensions are written. */
const authorityIds = ['2.5.29.14', '2.5.29.35', '2.5.29.19', '2.5.29.15'];

const named = (ids: readonly string[], written: readonly Uint8Array[]): Extensions =>
  Object.fromEntries(written.map((one, at) => [ids[at] ?? `${at}`, one]));

/** Of the bench's Milan chip: security versions 10, 0, 24 and 219, as its reports have them. */
const vekExtensions = (spki: Uint8Array): Extensions => {
  const amd = '1.3.6.1.4.1.3704.1';
  const values: Readonly<Record<string, Uint8Array>> = {
    ...{ '1': natural(0), '2': ia5String('Milan-B0'), '4': chipIdOf(spki) },
    ...{ '3.1': natural(10), '3.2': natural(0), '3.3': natural(24), '3.8': natural(219) },
  };
  return Object.fromEntries(
    Object.entries(values).map(([id, value]) => [`${amd}.${id}`, extension(`${amd}.${id}`, value)]),
  );
};
