import { createHash, hash } from 'node:crypto';
import { hostBootSpecText, hostDataOf } from '#attestation';
import { type GuestMessage, parseGuestMessage } from '#guest-channel';
import { entryOf, listOf, type Made, pcr10After } from '../../../libs/attestation/src/ima/list.fixture.ts';
import { rootForSpecs } from '../../../libs/simulated-processor/src/root.fixture.ts';
import { evidenceAtMs, makeSnpEvidence } from '../../../test/attestation/snp-evidence.ts';
import { softwareAk, softwareQuote } from '../../../test/attestation/software-tpm.ts';
import { hostOn } from './host.ts';
import type { Identity } from './identity.ts';
import type { Certificates } from './report/report-provider.ts';
import { type Attest, createRounds } from './round.ts';

/** What one host does in a round; a spec changes a part and leaves the rest honest. */
export type Scene = {
  readonly entries: readonly Made[];
  /** How many of them the quote reaches. */
  readonly quoted: number;
  /** What the quote is over; the bytes that were asked for where it says nothing. */
  readonly nonce: Uint8Array | null;
  readonly certificates: Certificates;
  /** Bytes the report is over, in place of those that were asked for. */
  readonly reportData: Uint8Array | null;
};

const program = ['/opt/hcc/dist/main.js', '/usr/bin/node'];
/** ASCII, because the contents of files are text here. */
const boot = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [index, '41'.repeat(32)]));
const aggregate = Buffer.from(Object.values(boot).join(''), 'hex').toString('ascii');

/** What was measured of a host that runs our program and nothing else. */
export const measured: readonly Made[] = [
  entryOf({ path: 'boot_aggregate', content: aggregate }),
  ...program.map((path) => entryOf({ path })),
];

const root = await rootForSpecs();
export const [chip, anotherChip] = [await makeSnpEvidence(root), await makeSnpEvidence(root)];
const ak = softwareAk({ kind: 'p256' });
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

export const certificatesOf = (vek: Uint8Array): Certificates => ({
  ...{ vek: base64(vek), ask: base64(root.ask), ark: base64(root.ark) },
});

const [networkId, attesterId, bootId] = ['1', 'a', 'b'].map((last) => `0198c0de-0000-7000-8000-00000000000${last}`);
const ids = { networkId: networkId ?? '', attesterId: attesterId ?? '', bootId: bootId ?? '' };
const image = `sha256:${'1'.repeat(64)}`;
const bootSpec = hostBootSpecText({
  ...{ version: 1, network: ids.networkId, kind: 'hccam', attesterId: ids.attesterId, bootId: ids.bootId, image },
});
export const identity: Identity = { ...ids, bootSpec, launchDigest: '03'.repeat(48) };

export const attest: Attest = {
  ...{ version: 1, type: 'attest', exchange: 1, nonce: base64(Buffer.alloc(32, 5)), nonceExpiresAt: evidenceAtMs },
  ...{ agentVersion: '1.0.0', imaFrom: 0, launchDigest: identity.launchDigest },
  bundle: program.map((path) => ({ path, sha256: hash('sha256', path, 'hex') })),
};

/** A round of a machine whose host, at the other end of its port, does what the scene says. */
export const roundOn = (over: Partial<Scene> = {}) => {
  const honest = { entries: measured, quoted: over.entries?.length ?? measured.length, nonce: null, reportData: null };
  const scene: Scene = { ...honest, certificates: certificatesOf(chip.evidence.vek), ...over };
  const said: GuestMessage[] = [];
  const answers: unknown[] = [];
  const host = hostOn({
    send: async (message) => {
      const asked = parseGuestMessage(message);
      said.push(asked);
      answers.push(answerTo(asked, scene));
    },
    next: async () => answers.shift(),
  });
  const provider = {
    name: 'simulated',
    report: async (reportData: Uint8Array) => ({
      report: chip.report({ reportData: scene.reportData ?? reportData, hostData: hostDataOf(bootSpec) }),
      certificates: scene.certificates,
    }),
  } as const;
  const round = createRounds({ host, identity, provider, kind: 'simulated', now: () => evidenceAtMs });
  return { round, said };
};

const answerTo = (asked: GuestMessage, { entries, quoted, nonce }: Scene): unknown => {
  if (asked.type === 'need-quote') {
    const pcrs = { ...boot, 10: pcr10After(entries.slice(0, quoted), 'sha256') };
    const signed = softwareQuote(ak, {
      nonce: nonce ?? Buffer.from(asked.qualifyingData, 'base64'),
      pcrs: Object.entries(pcrs).map(([index, value]) => ({ bank: 'sha256', index: Number(index), value })),
    });
    const { attest: quote, signature } = signed;
    const parts = { attest: base64(quote), signature: base64(signature), akPublic: base64(ak.area) };
    return { version: 1, type: 'quote', exchange: asked.exchange, quote: { ...parts, bank: 'sha256', pcrs } };
  }
  if (asked.type === 'need-ima') {
    const { exchange, from } = asked;
    const bytes = base64(listOf(entries.slice(from)));
    return { version: 1, type: 'ima', exchange, from, part: 0, bytes, isLast: true };
  }
  return undefined;
};

/** SHA-256 of a whole list, lower-case hex. */
export const listSha256 = (entries: readonly Made[]): string =>
  createHash('sha256').update(listOf(entries)).digest('hex');
