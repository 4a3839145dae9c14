import { type DynamicModule, Module } from '@nestjs/common';
import {
  type AttestationResult,
  type CertificateVerdicts,
  createCertificateVerdicts,
  type GuestTerms,
  guestResultOf,
  type ResultTerms,
  resultOf,
  signResult,
} from '#attestation';
import type { Network } from '#domain';
import { createThrottle, type Log, type Metrics, version } from '#edge';
import type { Admit, AttestationHandlers, Clock, EventStore, EvidenceStore } from '#events';
import { createAdmission } from './admission.ts';
import { type Attesters, createAttesters } from './attesters/attesters.ts';
import { createNonces } from './challenges/nonces.ts';
import { createChipIssuer } from './chips/issue-chip.ts';
import type { AttestorConfig } from './config.ts';
import { counted } from './counted.ts';
import { type Endorse, gatherBy } from './endorsements/endorsements.ts';
import { createEnrolment } from './enrolment/enrolment.ts';
import { createImaSpool } from './evidence/ima-spool.ts';
import { createKeepEvidence } from './evidence/keep.ts';
import { createTurnstile } from './evidence/turnstile.ts';
import { tally } from './figures.ts';
import { createGuestRounds, type GuestRounds } from './guests/guest-rounds.ts';
import { createGuestJudging } from './guests/judging-guests.ts';
import { createExpectedBoots } from './guests/placed-boots.ts';
import { createHandlers } from './handlers.ts';
import {
  judgedAtOnceMax,
  largeJudgedAtOnceMax,
  largeWaitingMax,
  resultMs,
  throttledVmsMax,
  vmRequestEveryMs,
  vmRequestsBurst,
  waitingMax,
} from './limits.ts';
import { createPolicies, type Policies } from './policies/policies.ts';
import { createJudging } from './rounds/judging.ts';
import { createRounds, type Rounds, type SignedAbout } from './rounds/rounds.ts';
import type { Trusted } from './trust.ts';
import { createDevices } from './world/devices.ts';
import type { World } from './world/world.ts';

export const ATTESTERS = Symbol('ATTESTERS');
export const POLICIES = Symbol('POLICIES');
export const VERDICTS = Symbol('VERDICTS');
/** What is answered, and to whom. */
export const DOOR = Symbol('DOOR');

export type Given = {
  readonly config: Pick<AttestorConfig, 'attestorId' | 'verifierKey' | 'resultKey'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly random: (bytes: number) => Uint8Array;
  readonly network: Network;
  readonly trusted: Trusted;
  readonly ekRoots: readonly Uint8Array[];
  readonly store: EventStore;
  readonly evidence: EvidenceStore;
  readonly world: () => World;
  readonly scoreOf: (minerId: string) => number;
  readonly endorse: Endorse;
};

export type Door = { readonly handlers: AttestationHandlers; readonly admit: Admit };

export class AppModule {}

// As a call: Node runs these sources as they are, types stripped, and knows no decorator syntax.
Module({})(AppModule);

/** The attestor's parts, wired: what it remembers of attesters, what it goes by, and what it answers. */
export const appModule = (given: Given): DynamicModule => {
  const { store, clock, world } = given;
  return {
    module: AppModule,
    providers: [
      {
        provide: ATTESTERS,
        useFactory: () => createAttesters({ store, clock, known: (id) => world().attesters.get(id) }),
      },
      { provide: POLICIES, useFactory: () => createPolicies(() => world().policies, given.log) },
      { provide: VERDICTS, useFactory: () => createCertificateVerdicts() },
      {
        provide: DOOR,
        useFactory: (attesters: Attesters, policies: Policies, verdicts: CertificateVerdicts) =>
          doorOf(given, { attesters, policies, verdicts }),
        inject: [ATTESTERS, POLICIES, VERDICTS],
      },
    ],
  };
};

type Parts = { readonly attesters: Attesters; readonly policies: Policies; readonly verdicts: CertificateVerdicts };

const doorOf = (given: Given, parts: Parts): Door => {
  const { clock, random, config, trusted } = given;
  const { attesters } = parts;
  const key = config.verifierKey;
  const handlers = createHandlers({
    chip: createChipIssuer(trusted.issuer, clock),
    enrolment: createEnrolment({
      ...{ attesters, clock, key, random, networkKind: given.network.kind, ekRoots: given.ekRoots },
    }),
    rounds: hostRounds(given, parts),
    guests: guestRounds(given, parts),
  });
  const isEnrolled = (minerId: string): boolean =>
    (given.world().miners.get(minerId)?.state.natsPublicKey ?? null) !== null;
  return counted({ handlers, admit: createAdmission({ clock, isEnrolled }) }, given.metrics);
};

/** What judging a host and judging a guest have in common. */
const common = (given: Given, { attesters, policies, verdicts }: Parts) => {
  const { clock, config, log, random, network, trusted, evidence, store, world } = given;
  return {
    judging: {
      ...{
        network: { id: network.networkId, kind: network.kind },
        policies,
        holderOf: createDevices({ store, known: (id) => world().devices.get(id) }),
      },
      trust: { roots: trusted.roots, verdicts },
    },
    round: {
      ...{ attestorId: config.attestorId, network: { id: network.networkId, kind: network.kind } },
      ...{ clock, random, attesters, nonces: createNonces(config.verifierKey, random) },
      ...{ gather: gatherBy(given.endorse), keep: createKeepEvidence(evidence, log) },
      ...{ turnstile: createTurnstile(judgedAtOnceMax, waitingMax) },
    },
  };
};

const hostRounds = (given: Given, parts: Parts): Rounds => {
  const { round, judging } = common(given, parts);
  return createRounds({
    ...round,
    ...{ spool: createImaSpool(given.clock), policies: parts.policies, scoreOf: given.scoreOf },
    largeTurnstile: createTurnstile(largeJudgedAtOnceMax, largeWaitingMax),
    judge: createJudging(judging),
    sign: (about) => signed(given, resultOf(about.appraisal, termsOf(given, about, resultMs))),
    recorded: tally(given.metrics, 'host'),
  });
};

const guestRounds = (given: Given, parts: Parts): GuestRounds => {
  const { round, judging } = common(given, parts);
  const sign = (about: SignedAbout, guest: GuestTerms, maxAgeMs: number): Promise<string> =>
    signed(given, guestResultOf(about.appraisal, termsOf(given, about, maxAgeMs), guest));
  return createGuestRounds({
    ...round,
    sign,
    throttle: createThrottle({
      ...{ clock: given.clock, burst: vmRequestsBurst, everyMs: vmRequestEveryMs, keysMax: throttledVmsMax },
    }),
    expectedBoot: createExpectedBoots(given.store),
    judge: createGuestJudging(judging),
    recorded: tally(given.metrics, 'guest'),
  });
};

const termsOf = (
  { config, network }: Given,
  { atMs, policy, appraisalId, attesterId, evidenceSha256, nonceSha256 }: SignedAbout,
  livesMs: number,
): ResultTerms => ({
  ...{ verifier: { id: config.attestorId, build: version }, networkId: network.networkId, policy },
  ...{ appraisalId, attesterId, evidenceSha256, nonceSha256, issuedAtMs: atMs, expiresAtMs: atMs + livesMs },
});

const signed = ({ config: { attestorId, resultKey: key } }: Given, result: AttestationResult): Promise<string> =>
  signResult(result, { key, algorithm: 'EdDSA', keyId: attestorId });
