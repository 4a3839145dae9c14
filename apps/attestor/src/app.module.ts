import { type DynamicModule, Module } from '@nestjs/common';
import { type CertificateVerdicts, createCertificateVerdicts, resultOf, signResult } from '#attestation';
import type { Network } from '#domain';
import { type Log, type Metrics, version } from '#edge';
import type { Admit, AttestationHandlers, Clock, EventStore, EvidenceStore } from '#events';
import { createAdmission } from './admission.ts';
import { type Attesters, createAttesters } from './attesters/attesters.ts';
import { createNonces } from './challenges/nonces.ts';
import { createChipIssuer } from './chips/issue-chip.ts';
import type { AttestorConfig } from './config.ts';
import { counted } from './counted.ts';
import type { Endorse } from './endorsements/endorsements.ts';
import { createEnrolment } from './enrolment/enrolment.ts';
import { createImaSpool } from './evidence/ima-spool.ts';
import { createTurnstile } from './evidence/turnstile.ts';
import { createHandlers } from './handlers.ts';
import { judgedAtOnceMax, largeJudgedAtOnceMax, largeWaitingMax, resultMs, waitingMax } from './limits.ts';
import { createPolicies, type Policies } from './policies/policies.ts';
import { createJudging } from './rounds/judging.ts';
import { createRounds, type SignedAbout } from './rounds/rounds.ts';
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

const doorOf = (
  given: Given,
  parts: { readonly attesters: Attesters; readonly policies: Policies; readonly verdicts: CertificateVerdicts },
): Door => {
  const { clock, log, random, config, trusted, store, world } = given;
  const { attesters, policies, verdicts } = parts;
  const network = { id: given.network.networkId, kind: given.network.kind };
  const spool = createImaSpool(clock);
  const key = config.verifierKey;
  const handlers = createHandlers({
    spool,
    chip: createChipIssuer(trusted.issuer, clock),
    enrolment: createEnrolment({ attesters, clock, key, random, networkKind: network.kind, ekRoots: given.ekRoots }),
    rounds: createRounds({
      ...{ attestorId: config.attestorId, network, clock, log, random, attesters, spool, policies },
      nonces: createNonces(key, random),
      turnstile: createTurnstile(judgedAtOnceMax, waitingMax),
      largeTurnstile: createTurnstile(largeJudgedAtOnceMax, largeWaitingMax),
      judge: createJudging({
        ...{ network, policies, holderOf: createDevices({ store, known: (id) => world().devices.get(id) }) },
        trust: { roots: trusted.roots, verdicts, endorse: given.endorse },
      }),
      evidence: given.evidence,
      scoreOf: given.scoreOf,
      sign: signed(given),
      recorded: (tier) => given.metrics.count('hcc_attestation_verdicts_total', { tier }),
    }),
  });
  const isEnrolled = (minerId: string): boolean =>
    (given.world().miners.get(minerId)?.state.natsPublicKey ?? null) !== null;
  return counted({ handlers, admit: createAdmission({ clock, isEnrolled }) }, given.metrics);
};

const signed =
  ({ config, network }: Given) =>
  ({ appraisal, atMs, policy, appraisalId, attesterId, evidenceSha256, nonceSha256 }: SignedAbout): Promise<string> => {
    const { attestorId, resultKey: key } = config;
    const terms = {
      ...{ verifier: { id: attestorId, build: version }, networkId: network.networkId, policy },
      ...{ appraisalId, attesterId, evidenceSha256, nonceSha256, issuedAtMs: atMs, expiresAtMs: atMs + resultMs },
    };
    return signResult(resultOf(appraisal, terms), { key, algorithm: 'EdDSA', keyId: attestorId });
  };
