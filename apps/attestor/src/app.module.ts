import { type DynamicModule, Module } from '@nestjs/common';
import { type CertificateVerdicts, createCertificateVerdicts, resultOf, signResult } from '#attestation';
import type { Network } from '#domain';
import { type Log, version } from '#edge';
import type { AttestationHandlers, Clock, EventStore, EvidenceStore } from '#events';
import { type Attesters, createAttesters } from './attesters/attesters.ts';
import { createNonces } from './challenges/nonces.ts';
import { createChipIssuer } from './chips/issue-chip.ts';
import type { AttestorConfig } from './config.ts';
import type { Endorse } from './endorsements/endorsements.ts';
import { createEnrolment } from './enrolment/enrolment.ts';
import { createImaSpool } from './evidence/ima-spool.ts';
import { createTurnstile } from './evidence/turnstile.ts';
import { createHandlers } from './handlers.ts';
import { judgedAtOnceMax, resultMs, waitingMax } from './limits.ts';
import { createPolicies, type Policies } from './policies/policies.ts';
import { createJudging } from './rounds/judging.ts';
import { createRounds, type SignedAbout } from './rounds/rounds.ts';
import type { Trusted } from './trust.ts';
import { createDevices } from './world/devices.ts';
import type { World } from './world/world.ts';

export const ATTESTERS = Symbol('ATTESTERS');
export const POLICIES = Symbol('POLICIES');
export const VERDICTS = Symbol('VERDICTS');
export const HANDLERS = Symbol('HANDLERS');

export type Given = {
  readonly config: Pick<AttestorConfig, 'attestorId' | 'verifierKey' | 'resultKey'>;
  readonly clock: Clock;
  readonly log: Log;
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

export class AppModule {}

// As a call: Node runs these sources as they are, types stripped, and knows no decorator syntax.
Module({})(AppModule);

/** The attestor's parts, wired: what it remembers of attesters, what it goes by, and what it answers. */
export const appModule = (given: Given): DynamicModule => {
  const { store, clock, world } = given;
  return {
    module: AppModule,
    providers: [
      { provide: ATTESTERS, useFactory: () => createAttesters({ store, clock }) },
      { provide: POLICIES, useFactory: () => createPolicies(() => world().policies) },
      { provide: VERDICTS, useFactory: () => createCertificateVerdicts() },
      {
        provide: HANDLERS,
        useFactory: (attesters: Attesters, policies: Policies, verdicts: CertificateVerdicts) =>
          handlersOf(given, { attesters, policies, verdicts }),
        inject: [ATTESTERS, POLICIES, VERDICTS],
      },
    ],
  };
};

const handlersOf = (
  given: Given,
  parts: { readonly attesters: Attesters; readonly policies: Policies; readonly verdicts: CertificateVerdicts },
): AttestationHandlers => {
  const { clock, log, random, config, trusted, store } = given;
  const { attesters, policies, verdicts } = parts;
  const network = { id: given.network.networkId, kind: given.network.kind };
  const spool = createImaSpool(clock);
  const key = config.verifierKey;
  return createHandlers({
    ...{ clock, spool },
    chip: createChipIssuer(trusted.issuer, clock),
    enrolment: createEnrolment({ attesters, clock, key, random, networkKind: network.kind, ekRoots: given.ekRoots }),
    rounds: createRounds({
      ...{ attestorId: config.attestorId, network, clock, log, attesters, spool, policies },
      nonces: createNonces(key, random),
      turnstile: createTurnstile(judgedAtOnceMax, waitingMax),
      judge: createJudging({
        ...{ network, policies, holderOf: createDevices(store) },
        trust: { roots: trusted.roots, verdicts, endorse: given.endorse },
      }),
      evidence: given.evidence,
      scoreOf: given.scoreOf,
      sign: signed(given),
    }),
    isEnrolled: (minerId) => (given.world().miners.get(minerId)?.state.natsPublicKey ?? null) !== null,
  });
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
