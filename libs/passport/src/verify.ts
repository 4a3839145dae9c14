import type { KeyObject } from 'node:crypto';
import { amdRoots, createCertificateVerdicts } from '#attestation';
import type { AppraisalEvent, EvidenceAppraised, VmEvent } from '#domain';
import { isoTime } from '#events';
import { bootChecks, type Simulated } from './boots.ts';
import { byNetwork, firstOf, type PassportCheck, unchecked } from './check.ts';
import type { Passport } from './document.ts';
import { type Founded, foundingOf } from './founding.ts';
import { type Happening, historyOf } from './history.ts';
import type { Rejudged } from './judging.ts';
import { type Kept, keptOf } from './kept.ts';
import { type Replay, replay, type SeenBoot } from './replay.ts';
import { rootsFor } from './roots.ts';
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

/** One boot, as it was recorded, and what its evidence rests on. */
export type BootReport = {
  readonly bootId: string;
  readonly generation: number;
  readonly minerId: string;
  readonly specifiedAt: string;
  readonly chipId: string | null;
  readonly launchDigest: string | null;
  readonly release: { readonly mode: string; readonly appraisalId: string; readonly guestKeySha256: string } | null;
  readonly sshHostKey: string | null;
  readonly counter: number | null;
};

/** All that was found out about a passport. */
export type PassportReport = {
  /** Nothing that was looked at is wrong. What rests on whom is in the checks. */
  readonly ok: boolean;
  /** The network has processors in software: nothing here is confidential. */
  readonly simulated: boolean;
  readonly network: {
    readonly networkId: string;
    readonly name: string;
    readonly kind: string;
    readonly keyHex: string;
  } | null;
  readonly vmId: string;
  readonly name: string | null;
  readonly madeAt: string;
  readonly boots: readonly BootReport[];
  readonly history: readonly Happening[];
  readonly checks: readonly PassportCheck[];
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

type Found = {
  readonly checks: readonly PassportCheck[];
  readonly replayed?: Replay;
  readonly rejudged?: ReadonlyMap<string, Rejudged>;
  readonly history?: readonly Happening[];
};

const lookInto = (passport: Passport, { founded, kept, vm, verdicts }: Read, trust: PassportTrust): Found => {
  const { network } = founded;
  const replayed = replay(vm, new Map(verdicts.map((one) => [one.event.appraisalId, one])));
  const rootsOf = rootsFor(network, amdRoots);
  const court = {
    ...{ network: { id: network.networkId, kind: network.kind }, kept, boots: replayed.boots, rootsOf },
    chains: createCertificateVerdicts(),
  };
  const carried = passport.appraisals.flatMap(({ revocationList }) => kept.pieces.get(revocationList ?? '') ?? []);
  const lists = [...trust.revocationLists, ...new Set(carried)];
  const { checks, rejudged } = verdictChecks(verdicts, passport.appraisals, court, lists);
  const simulated = network.kind === 'simulated' ? trust.simulated : null;
  const about = { vmId: passport.vmId, kept, simulated };
  return {
    ...{ replayed, rejudged, history: historyOf(vm) },
    checks: [
      vmCheck(passport, replayed),
      ...replayed.boots.flatMap((boot) => bootChecks(boot, founded, about)),
      ...replayed.checks,
      ...checks,
      ...notShown(replayed.boots.length > 0),
    ],
  };
};

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

const reportOf = (passport: Passport, founded: Founded | null, found: Found): PassportReport => {
  const { vmId, madeAt } = passport;
  const { checks, replayed, rejudged, history } = found;
  return {
    ok: founded !== null && replayed !== undefined && !isBad(checks),
    simulated: founded?.network.kind === 'simulated' || checks.some(({ outcome }) => outcome === 'simulated'),
    network: founded === null ? null : networkOf(founded),
    ...{ vmId, name: replayed?.vm?.name ?? null, madeAt },
    boots: (replayed?.boots ?? []).map((boot) => bootOf(boot, rejudged ?? new Map())),
    ...{ history: history ?? [], checks },
  };
};

const networkOf = ({ network: { networkId, name, kind }, keyHex }: Founded) => ({ networkId, name, kind, keyHex });

const bootOf = (
  { specified, atMs, minerId, released, confirmed }: SeenBoot,
  rejudged: ReadonlyMap<string, Rejudged>,
): BootReport => {
  const judged = released === null ? undefined : rejudged.get(released.appraisalId);
  const claims = judged?.kind === 'judged' ? judged.appraisal.claims : null;
  const { bootId, generation } = specified;
  return {
    ...{ bootId, generation, minerId, specifiedAt: isoTime(atMs) },
    ...{ chipId: claims?.chipId ?? null, launchDigest: claims?.launchDigest ?? null },
    release:
      released === null
        ? null
        : { mode: released.mode, appraisalId: released.appraisalId, guestKeySha256: released.guestKeySha256 },
    ...{ sshHostKey: confirmed?.sshHostKey ?? null, counter: confirmed?.counter ?? null },
  };
};
