import type { KeyObject } from 'node:crypto';
import { amdRoots, createCertificateVerdicts } from '#attestation';
import type { AppraisalEvent, EvidenceAppraised, VmEvent } from '#domain';
import { bootChecks, type Simulated } from './boots.ts';
import { byNetwork, firstOf, type PassportCheck, unchecked } from './check.ts';
import type { Passport } from './document.ts';
import { type Founded, foundingOf } from './founding.ts';
import { historyOf } from './history.ts';
import { type Kept, keptOf } from './kept.ts';
import { laxChecks } from './lax.ts';
import { listsHere } from './lists.ts';
import { type Replay, replay } from './replay.ts';
import { type Found, type PassportReport, reportOf } from './report.ts';
import { rootsFor } from './roots.ts';
import type { Grounds } from './rules.ts';
import { chainCheck, codecs, readTold, streamsOf, type Told } from './told.ts';
import { verdictChecks } from './verdicts.ts';

/** What whoever verifies brings; nothing of it comes out of the passport. */
export type PassportTrust = {
  /** The network's key as it is known from elsewhere; null where nobody expects any. */
  readonly networkKey: KeyObject | null;
  readonly simulated: Simulated;
  /** Lists of what processors' roots took back, DER. */
  readonly revocationLists: readonly Uint8Array[];
};

/**
 * Rechecks a passport, from nothing but itself and what the verifier trusts: signature, chains, every decision about the disk's key,
 * every verdict from its evidence. What is not signed or does not link is not looked into further. Never throws for a passport
 * that was read.
 */
export const verifyPassport = (passport: Passport, trust: PassportTrust): PassportReport => {
  const { founded, checks: founding } = foundingOf(passport, trust.networkKey);
  const kept = keptOf(passport);
  const authentic = [...founding, streamsCheck(passport), ...passport.streams.map(chainCheck), ...kept.checks];
  const [, vmStream, verdictStream] = passport.streams;
  if (founded === null || isBad(authentic) || vmStream === undefined || verdictStream === undefined) {
    return reportOf(passport, founded, { checks: authentic });
  }
  const vm = readTold<VmEvent>(vmStream, codecs.vm);
  const appraisals = readTold<AppraisalEvent>(verdictStream, codecs.appraisal);
  if ('unknown' in vm || 'unknown' in appraisals) {
    const unknown = [vm, appraisals].flatMap((one) => ('unknown' in one ? [one.unknown] : []));
    return reportOf(passport, founded, { checks: [...authentic, ...unknown] });
  }
  const found = lookInto(passport, { founded, kept, vm: vm.told, verdicts: appraisals.told.flatMap(verdictOf) }, trust);
  return reportOf(passport, founded, { ...found, checks: [...authentic, ...found.checks] });
};

type Read = {
  readonly founded: Founded;
  readonly kept: Kept;
  readonly vm: readonly Told<VmEvent>[];
  readonly verdicts: readonly Told<EvidenceAppraised>[];
};

const lookInto = (passport: Passport, { founded, kept, vm, verdicts }: Read, trust: PassportTrust): Found => {
  const { network } = founded;
  const replayed = replay(vm, groundsOf(verdicts, kept));
  const rootsOf = rootsFor(network, amdRoots);
  const court = {
    ...{ network: { id: network.networkId, kind: network.kind }, kept, boots: replayed.boots, rootsOf },
    chains: createCertificateVerdicts(),
  };
  const carried = passport.appraisals.flatMap(({ revocationList }) => kept.pieces.get(revocationList ?? '') ?? []);
  const lists = listsHere(trust.revocationLists, [...new Set(carried)]);
  const { checks, rejudged } = verdictChecks(verdicts, passport.appraisals, court, lists);
  const simulated = network.kind === 'simulated' ? trust.simulated : null;
  const about = { vmId: passport.vmId, kept, simulated };
  return {
    ...{ replayed, rejudged, history: historyOf(vm) },
    checks: [
      vmCheck(passport, replayed),
      ...laxChecks(kept, network.kind),
      ...replayed.boots.flatMap((boot) => bootChecks(boot, founded, about)),
      ...replayed.checks,
      ...checks,
      ...notShown(replayed.boots.length > 0),
    ],
  };
};

const groundsOf = (verdicts: Read['verdicts'], { policies }: Kept): Grounds => ({
  verdicts: new Map(verdicts.map((one) => [one.event.appraisalId, one])),
  allowClassical: policies.size === 0 || [...policies.values()].some(({ policy }) => policy.allowClassical),
});

const streamsCheck = ({ streams, vmId }: Passport): PassportCheck => {
  const wanted = streamsOf(vmId).join(', ');
  const observed = streams.map(({ stream }) => stream).join(', ');
  return byNetwork('streams', 'document', observed === wanted ? null : `${observed}; wanted ${wanted}`, wanted);
};

const vmCheck = ({ vmId }: Passport, { vm }: Replay): PassportCheck => {
  const wrong = firstOf(
    vm === null && 'its stream requests no VM',
    vm !== null && vm.vmId !== vmId && `it is of VM ${vm.vmId}`,
  );
  const disk = vm?.volume === null ? 'a PLAIN disk, which its miner can read' : 'an encrypted disk';
  return byNetwork('vm', 'document', wrong, `VM ${vm?.name ?? ''} of account ${vm?.accountId ?? ''}, with ${disk}`);
};

/** What no passport shows. */
const notShown = (isSealed: boolean): readonly PassportCheck[] => [
  unchecked(
    'after',
    'document',
    'what happened after it was made, and whether the network keeps another history beside this one',
  ),
  ...(isSealed
    ? [
        unchecked(
          'image',
          'document',
          'that the base image holds what its name says: hcc image show has what it was made of',
        ),
        unchecked(
          'since-boot',
          'document',
          'what a guest does after its boot: evidence is of the start and of the chip',
        ),
      ]
    : []),
];

const verdictOf = ({ event, ...rest }: Told<AppraisalEvent>): readonly Told<EvidenceAppraised>[] =>
  event.type === 'EvidenceAppraised' ? [{ ...rest, event }] : [];

const isBad = (checks: readonly PassportCheck[]): boolean => checks.some(({ outcome }) => outcome === 'fail');
