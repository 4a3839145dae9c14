import type { Report } from '#host';
import { badAnswer } from '../cli-error.ts';
import type { Api } from '../client/api.ts';
import type { AttestationView } from '../client/trust.ts';
import { limits } from '../limits.ts';
import { spanText } from '../output/time.ts';
import { stageOf } from './attestation-stage.ts';
import type { Cluster, RunningMiner } from './bootstrap.ts';
import type { VmWork } from './first-vm.ts';
import { readTail } from './log-tail.ts';

/** What `--json` says of a miner's attestation. */
export type MinerAttested = {
  readonly name: string;
  readonly minerId: string;
  /** `none` for one that was not judged in this run. */
  readonly tier: string;
  readonly simulated: { readonly processor: boolean; readonly tpm: boolean } | null;
  readonly appraisedAt: string | null;
  readonly nextDueAt: string | null;
  readonly launchDigest: string | null;
  readonly evidenceSha256: string | null;
  readonly refusals: readonly Pick<Refusal, 'group' | 'code' | 'observed' | 'wanted' | 'title' | 'fix'>[];
};
type Refusal = AttestationView['refusals'][number];

/** Waits until each miner's evidence of this run was judged, telling how far each is. One that is refused is looked at
 *  once more, since the network asks again at once; so nothing here takes longer than its bound. Never refuses for a verdict. */
export const awaitAttested = async (
  { miners, operator }: Pick<Cluster, 'miners' | 'operator'>,
  work: Pick<VmWork, 'clock' | 'signal'>,
  report: Report,
): Promise<readonly MinerAttested[]> => {
  const tell = (detail: string): void => report({ step: 'attestation', detail });
  const attested = await Promise.all(miners.map((miner) => untilJudged(miner, operator, work, tell)));
  tell(
    attested.some(({ simulated }) => simulated !== null && (simulated.processor || simulated.tpm))
      ? 'what is SIMULATED shows how attestation works and protects nothing; hcc miner ls, hcc miner why MINER'
      : 'hcc miner ls, hcc miner why MINER',
  );
  return attested;
};

/** Refuses `not-attested` when a miner is not affirming, with each refusal of it in words. */
export const demandAffirming = (attested: readonly MinerAttested[]): void => {
  const bad = attested.filter(({ tier }) => tier !== 'affirming');
  if (bad.length === 0) return;
  const refusals = bad.flatMap(({ name, refusals }) => refusals.map((refusal) => ({ name, refusal })));
  throw badAnswer('not-attested', `${bad.map(({ name }) => name).join(' and ')}: not attested`, {
    observed: bad.map(({ name, tier }) => `${name} ${tier}`).join(', '),
    wanted: `every miner affirming within ${spanText(limits.attestedMs)}`,
    more: refusals.map(({ name, refusal }) => `${name}: ${refusalText(refusal)}`),
    fix: refusals[0]?.refusal.fix ?? "read the miner's log, in the folder logs of the home",
    data: { attestation: attested },
  });
};

const untilJudged = async (
  miner: RunningMiner,
  operator: Api,
  { clock, signal }: Pick<VmWork, 'clock' | 'signal'>,
  tell: (detail: string) => void,
): Promise<MinerAttested> => {
  const deadlineAt = clock.now() + limits.attestedMs;
  const bad = new Set<string>();
  let stage: string | null = null;
  for (;;) {
    signal.throwIfAborted();
    const view = await judged(miner, operator);
    if (view !== null) {
      if (view.tier === 'affirming') return told(miner, view, tell);
      if (!bad.has(view.appraisalId ?? '')) for (const one of view.refusals) tell(`${miner.name} ${refusalText(one)}`);
      bad.add(view.appraisalId ?? '');
      if (bad.size >= 2 || clock.now() > deadlineAt) return told(miner, view, tell);
    }
    const now = stageOf(await readTail(miner.logFile, 0), miner.startedAt);
    if (now !== null && now !== stage && bad.size === 0) tell(`${miner.name} ${now}`);
    stage = now;
    if (clock.now() > deadlineAt) return notJudged(miner, stage, tell);
    await clock.sleep(limits.attestedPollMs, signal);
  }
};

/** The verdict of this run; an earlier one says nothing of what runs now. */
const judged = async ({ minerId, startedAt }: RunningMiner, operator: Api): Promise<AttestationView | null> => {
  try {
    const view = await operator.attestation(minerId);
    return view.appraisedAt !== null && Date.parse(view.appraisedAt) >= startedAt ? view : null;
  } catch {
    // The orchestrator may be starting again; what lasts is said when the time is over.
    return null;
  }
};

const told = (
  { name, minerId }: RunningMiner,
  view: AttestationView,
  tell: (detail: string) => void,
): MinerAttested => {
  const { tier, isSimulated, key, appraisedAt, nextDueAt, claims, evidenceSha256, refusals } = view;
  const simulated = { processor: isSimulated !== false, tpm: key?.isSimulated !== false };
  const word = (is: boolean): string => (is ? 'SIMULATED ' : '');
  const by = `${word(simulated.processor)}processor, ${word(simulated.tpm)}TPM`;
  tell(`${name} ${tier} (${by}), next by ${nextDueAt === null ? '-' : `${nextDueAt.slice(11, 19)} UTC`}`);
  const launchDigest = claims?.launchDigest ?? null;
  return { name, minerId, tier, simulated, appraisedAt, nextDueAt, launchDigest, evidenceSha256, refusals };
};

const notJudged = (
  { name, minerId, logFile }: RunningMiner,
  stage: string | null,
  tell: (detail: string) => void,
): MinerAttested => {
  tell(`${name} not judged in ${spanText(limits.attestedMs)}: ${stage ?? 'it said nothing'}; its log is ${logFile}`);
  return {
    ...{ name, minerId, tier: 'none', simulated: null, appraisedAt: null, nextDueAt: null },
    ...{ launchDigest: null, evidenceSha256: null, refusals: [] },
  };
};

const refusalText = ({ group, code, title, observed, wanted }: Refusal): string =>
  `refused (${group}, ${code}): ${title}; observed ${observed}, wanted ${wanted}`;
