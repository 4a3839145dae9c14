import { guidText } from '../bytes/guid.ts';
import { ByteReader } from '../bytes/reader.ts';
import { Malformed } from '../malformed.ts';
import { isFilled } from './check.ts';
import { tableBytesMax, tableEntriesMax } from './limits.ts';

/** What a host put beside a report. Nothing of it is trusted; kinds that are not known keep their GUID. */
export interface CertificateTable {
  readonly ark: Uint8Array | null;
  readonly ask: Uint8Array | null;
  readonly vcek: Uint8Array | null;
  readonly vlek: Uint8Array | null;
  readonly crl: Uint8Array | null;
  readonly others: readonly { readonly guid: string; readonly bytes: Uint8Array }[];
}

type Entry = { readonly guid: string; readonly from: number; readonly to: number };

const headerBytes = 24;
const guids = {
  ark: 'c0b406a4-a803-4952-9743-3fb6014cd0ae',
  ask: '4ab7b379-bbac-4fe4-a02f-05aef327c782',
  vcek: '63da758d-e664-4564-adc5-f4b93be8accd',
  vlek: 'a8074bc2-a25a-483e-aae6-39c045a0b8a1',
  crl: '92f81bc3-5811-4d3d-97ff-d19f88dc67ea',
} as const;
const known: readonly string[] = Object.values(guids);

/**
 * Reads the certificate table of an extended report (GHCB specification, SNP Extended Guest Request): headers of 24 bytes up to a zero one, then bodies.
 * Refuses a table without an end, a body outside of it or over another or over the headers, an empty body, and a kind that comes twice.
 */
export const parseCertificateTable = (bytes: Uint8Array): CertificateTable => {
  if (bytes.length > tableBytesMax) throw refused('too-large', `${bytes.length} bytes`, `at most ${tableBytesMax}`);
  const { entries, bodiesFrom } = readHeaders(bytes);
  checkBodies(entries, bodiesFrom, bytes.length);
  const one = (guid: string): Uint8Array | null => {
    const entry = entries.find((candidate) => candidate.guid === guid);
    return entry === undefined ? null : bytes.subarray(entry.from, entry.to);
  };
  return {
    ark: one(guids.ark),
    ask: one(guids.ask),
    vcek: one(guids.vcek),
    vlek: one(guids.vlek),
    crl: one(guids.crl),
    others: entries.flatMap(({ guid, from, to }) =>
      known.includes(guid) ? [] : [{ guid, bytes: bytes.subarray(from, to) }],
    ),
  };
};

const readHeaders = (bytes: Uint8Array): { readonly entries: readonly Entry[]; readonly bodiesFrom: number } => {
  const from = new ByteReader(bytes, 'certificate table', 'little');
  const entries: Entry[] = [];
  for (;;) {
    if (from.left < headerBytes) throw refused('truncated', 'no zero entry at the end', 'a zero entry', from.offset);
    const guid = from.take(16, 'guid');
    const offset = from.u32('offset');
    const length = from.u32('length');
    if (isFilled(guid, 0)) {
      if (offset !== 0 || length !== 0) throw refused('wrong-value', 'a zero GUID with a body', 'a zero entry');
      return { entries, bodiesFrom: from.offset };
    }
    if (entries.length === tableEntriesMax) throw refused('too-large', 'more entries', `at most ${tableEntriesMax}`);
    entries.push({ guid: guidText(guid), from: offset, to: offset + length });
  }
};

const checkBodies = (entries: readonly Entry[], bodiesFrom: number, length: number): void => {
  const seen = new Set<string>();
  let end = bodiesFrom;
  for (const { guid, from, to } of [...entries].sort((one, other) => one.from - other.from)) {
    if (seen.has(guid)) throw refused('wrong-value', `${guid} a second time`, 'each kind once');
    seen.add(guid);
    if (to > length) throw refused('truncated', `${guid} up to byte ${to}`, `a body within ${length} bytes`);
    if (from === to) throw refused('wrong-value', `${guid} without a body`, 'a body');
    if (from < end) throw refused('wrong-value', `${guid} from byte ${from}`, `a body of its own, from ${end} on`);
    end = to;
  }
};

const refused = (code: Malformed['code'], observed: string, wanted: string, offset?: number): Malformed =>
  new Malformed(code, 'certificate table', observed, wanted, offset);
