import { createHash } from 'node:crypto';
import {
  type CertificateVerdicts,
  compileAppraisalPolicy,
  createCertificateVerdicts,
  type HostContext,
  judgeHostEvidence,
  trustRootOf,
} from '#attestation';
import { BusUnavailable, type Challenge, type EvidenceAnswer } from '#events';
import { simulatedProcessor } from '#simulated-processor';
import { hostPolicy } from '../../libs/attestation/src/appraisal/host.fixture.ts';
import { ekOf, networkId } from '../attestor/seed.ts';
import { type AttestorScene, openAttestorScene } from './attestor-scene.ts';
import { type Case, type Figure, perSecond } from './pairs.ts';

const miners = 2_000;
const everyMiner = Array.from({ length: miners }, (_, n) => n);
/** Miners that are given a challenge at one time where its two minutes must do on a busy machine. */
const wave = 200;
const dayMs = 24 * 3_600_000;

/**
 * Rounds of 2,000 miners over NATS, each with a connection, a chip and a TPM of its own: the evidence judged, kept (encrypted
 * and synced), its verdict appended to SQLite, signed and answered, and the next challenge given. Against the library judging
 * the same evidence in a loop, its certificate verdicts remembered on both sides. Evidence is signed between the rounds, over
 * the nonces that were really given, because the machines of miners do that and not the attestor's.
 */
export const attestorEndToEnd: Case = {
  ...{ name: 'attestor-end-to-end', unit: 'verdicts/s', bar: 0.5, better: 'more', pairs: 7 },
  open: async () => {
    const scene = await openAttestorScene(miners);
    const judge = libraryOf(scene);
    let challenges = await scene.challenges(everyMiner);
    let asked: readonly Challenge[] = challenges;
    let evidence: readonly string[] = [];
    return {
      ours: async () => {
        [asked, evidence] = [challenges, await scene.signed(everyMiner, challenges)];
        return perSecond(miners, async () => {
          challenges = await honestRounds(scene, evidence);
        });
      },
      raw: async () => perSecond(miners, () => judge(asked, evidence)),
      close: scene.close,
    };
  },
};

const honestRounds = async (scene: AttestorScene, evidence: readonly string[]): Promise<readonly Challenge[]> => {
  const done = await scene.rounds(everyMiner, evidence);
  requireHonest(done.map(({ answer }) => answer));
  return done.map(({ next }) => next);
};

const requireHonest = (answers: readonly EvidenceAnswer[]): void => {
  for (const { tier, refusals } of answers) {
    if (tier !== 'affirming') throw new Error(`BUG: honest evidence is ${JSON.stringify(refusals)}`);
  }
};

/** The library alone, with what an attestor knows of each host. */
const libraryOf = ({ hosts, root }: AttestorScene) => {
  const verdicts: CertificateVerdicts = createCertificateVerdicts();
  const policy = compileAppraisalPolicy(hostPolicy);
  const roots = [trustRootOf(root.ark, { name: 'bench', product: root.product, simulated: true })];
  const previous: HostContext['previous'][] = [];
  return (challenges: readonly Challenge[], evidence: readonly string[]): void => {
    for (const [n, host] of hosts.entries()) {
      const { nonce, imaFrom, expiresAt: atMs } = challenges[n] ?? { nonce: '', imaFrom: 0, expiresAt: 0 };
      const { minerId, chipId, akName } = host;
      const ekPublicSha256 = ekOf(host);
      const context: HostContext = {
        ...{ network: { id: networkId, kind: 'simulated' }, attesterId: minerId, atMs, roots, verdicts },
        nonceSha256: createHash('sha256').update(Buffer.from(nonce, 'base64')).digest('hex'),
        enrolled: { akName, ekPublicSha256, isSimulated: true },
        previous: (imaFrom === 0 ? undefined : previous[n]) ?? { tpm: null, ima: null },
        devices: {
          ...{ chip: { deviceId: chipId, heldBy: minerId }, tpm: { deviceId: ekPublicSha256, heldBy: minerId } },
        },
        ...{ revocationLists: listOfDay(root, atMs), endorsements: null },
      };
      const document = Buffer.from(evidence[n] ?? '');
      const { appraisal } = judgeHostEvidence({ document, ima: null }, context, policy);
      if (appraisal.tier !== 'affirming') throw new Error(`BUG: the library says ${appraisal.refusals[0]?.code}`);
      previous[n] = appraisal.progress;
    }
  };
};

let made: { readonly day: number; readonly lists: HostContext['revocationLists'] } | null = null;
const listOfDay = (root: AttestorScene['root'], atMs: number): HostContext['revocationLists'] => {
  const day = Math.floor(atMs / dayMs);
  if (made?.day !== day) {
    const terms = { thisUpdateMs: (day - 1) * dayMs, nextUpdateMs: (day + 7) * dayMs, revokesAsk: false };
    made = { day, lists: { [root.product]: simulatedProcessor.issueRevocationList(root, terms) } };
  }
  return made.lists;
};

export const attestorMemoryName = 'attestor-memory';
const memoryBar = 1.1;
/** What is remembered of used nonces is full after their life. */
const settledMs = 130_000;

/** Waves that may go without an answer on a busy machine before that is a finding of its own. */
const unansweredMax = 20;

type Patience = { unanswered: number; readonly tell: (text: string) => void };

/** One round of some miners, and how many that were: none where one had no answer in time, who begins anew, as every miner does. */
const roundOf = async (scene: AttestorScene, of: readonly number[], patience: Patience): Promise<number> => {
  try {
    requireHonest(await scene.verdicts(of, await scene.signed(of, await scene.challenges(of))));
    return of.length;
  } catch (error) {
    patience.unanswered += 1;
    if (!(error instanceof BusUnavailable) || patience.unanswered > unansweredMax) throw error;
    patience.tell(`${attestorMemoryName}: ${error.message}; ${of.length} miners begin anew`);
    return 0;
  }
};

/** What the attestor keeps, collected, after so many rounds, against when its memory of used nonces was full first. MiB. */
export const attestorMemory = async (rounds: number, tell: (text: string) => void): Promise<Figure> => {
  const scene = await openAttestorScene(miners);
  try {
    const from = performance.now();
    const patience = { unanswered: 0, tell };
    let raw: number | null = null;
    let ours = 0;
    for (let done = 0; done < rounds; ) {
      for (let at = 0; at < miners; at += wave) {
        // Of the miners of both machines that sign.
        const of = everyMiner.filter((n) => Math.floor((n % (miners / 2)) / (wave / 2)) === at / wave);
        done += await roundOf(scene, of, patience);
      }
      ours = await scene.heapMib();
      if (raw === null && (performance.now() - from > settledMs || done >= rounds)) raw = ours;
      const told = `${done.toLocaleString('en')} of ${rounds.toLocaleString('en')} rounds`;
      tell(`${attestorMemoryName}: ${told}, ${ours.toFixed(1)} MiB`);
    }
    const ratio = Math.round((ours / (raw ?? ours)) * 1_000) / 1_000;
    const name = `${attestorMemoryName}-over-${rounds.toLocaleString('en')}-rounds`;
    const mib = (value: number): number => Math.round(value * 10) / 10;
    return { name, unit: 'MiB', ours: mib(ours), raw: mib(raw ?? ours), ratio, bar: memoryBar, ok: ratio <= memoryBar };
  } finally {
    await scene.close();
  }
};
