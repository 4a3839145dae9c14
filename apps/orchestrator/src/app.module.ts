import { type DynamicModule, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { CqrsModule } from '@nestjs/cqrs';
import type { Metrics } from '#edge';
import type { Clock, Consumer, EventStore, Ids, OrchestratorBus, Reputations } from '#events';
import { handlers } from './handling/handlers.ts';
import { AccountsController } from './http/accounts/accounts.controller.ts';
import { CreditsController } from './http/accounts/credits.controller.ts';
import { SshKeysController } from './http/accounts/ssh-keys.controller.ts';
import { TokensController } from './http/accounts/tokens.controller.ts';
import { AttestationController } from './http/attestation/attestation.controller.ts';
import { ReputationController } from './http/attestation/reputation.controller.ts';
import { AuthGuard } from './http/auth/auth.guard.ts';
import { createAuthenticator, type OperatorToken } from './http/auth/authenticator.ts';
import { DevicesController } from './http/devices/devices.controller.ts';
import { FlavorsController } from './http/flavors/flavors.controller.ts';
import { createFollowers } from './http/followers.ts';
import { ImageFilesController } from './http/images/image-files.controller.ts';
import { createImageFiles } from './http/images/image-files.ts';
import { ImageKeysController } from './http/images/image-keys.controller.ts';
import { ImagesController } from './http/images/images.controller.ts';
import { DrainController } from './http/miners/drain.controller.ts';
import { EnrolmentController } from './http/miners/enrolment.controller.ts';
import { HostChecksController } from './http/miners/host-checks.controller.ts';
import { MinersController } from './http/miners/miners.controller.ts';
import { SlashingController } from './http/miners/slashing.controller.ts';
import { createOwnership } from './http/ownership.ts';
import { createPast } from './http/past.ts';
import { PoliciesController } from './http/policies/policies.controller.ts';
import { ProjectionsController } from './http/projections/projections.controller.ts';
import type { RateLimits, Rates } from './http/rates.ts';
import { createReads, type Reads } from './http/reads.ts';
import { openApiDocument } from './http/reference/openapi.ts';
import { createScores } from './http/scores.ts';
import { createStamp } from './http/stamp.ts';
import { AuditController } from './http/streams/audit.controller.ts';
import { EventsController } from './http/streams/events.controller.ts';
import { FollowController } from './http/streams/follow.controller.ts';
import { ParkedController } from './http/streams/parked.controller.ts';
import { ParkedActionsController } from './http/streams/parked-actions.controller.ts';
import { StreamsController } from './http/streams/streams.controller.ts';
import { HealthController } from './http/system/health.controller.ts';
import { OpenApiController } from './http/system/openapi.controller.ts';
import { WhoamiController } from './http/system/whoami.controller.ts';
import type { IssueMinerJwt } from './http/views/credentials.view.ts';
import type { LastSeen } from './http/views/miner.view.ts';
import type { Network } from './http/views/network.ts';
import { BackupsController } from './http/vms/backups.controller.ts';
import { ConsentController } from './http/vms/consent.controller.ts';
import { ConsoleController } from './http/vms/console.controller.ts';
import { PassportController } from './http/vms/passport.controller.ts';
import type { MakePassport } from './http/vms/passport-making.ts';
import { ResizeController } from './http/vms/resize.controller.ts';
import { VmActionsController } from './http/vms/vm-actions.controller.ts';
import { VmDiffController } from './http/vms/vm-diff.controller.ts';
import { VmSshKeysController } from './http/vms/vm-ssh-keys.controller.ts';
import { VmsController } from './http/vms/vms.controller.ts';
import { WhyNotController } from './http/vms/why-not.controller.ts';
import type { Readiness } from './lifecycle/readiness.ts';
import type { Rebuilds } from './projections/rebuilds.ts';
import type { Rows } from './projections/rows.ts';
import type { HandOver } from './sealed/hand-over.ts';
import {
  AUTHENTICATOR,
  BUS,
  CLOCK,
  FOLLOWERS,
  HAND_OVER,
  HANDLING,
  IMAGE_FILES,
  ISSUE_MINER_JWT,
  LAST_SEEN,
  MAKE_PASSPORT,
  NETWORK,
  OPENAPI,
  OWNERSHIP,
  PAST,
  RATES,
  READINESS,
  READS,
  REBUILDS,
  SCORES,
  STAMP,
  STORE,
} from './tokens.ts';

/** What the door stands on; opened before it and closed after it. */
export type Resources = {
  readonly store: EventStore;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly bus: Pick<OrchestratorBus, 'askBackup' | 'askConsole' | 'askMetrics'>;
  readonly rows: Rows;
  readonly rebuilds: Rebuilds;
  readonly readModel: Pick<Consumer, 'reached' | 'status' | 'blocking'>;
  readonly reputation: Pick<Consumer, 'reached' | 'status'> & { readonly reputations: () => Reputations };
  readonly readiness: Readiness;
  readonly metrics: Metrics;
  readonly lastSeen: LastSeen;
  readonly issueMinerJwt: IssueMinerJwt;
  readonly operatorToken: OperatorToken;
  readonly network: Network;
  readonly makePassport: MakePassport;
  readonly handOver: HandOver;
  /** Where images are given to miners from; none are unless given. */
  readonly imageCacheDir?: string;
  /** Generous unless given. */
  readonly rateLimits?: RateLimits;
  /** How long a read waits for its read model; the contract's limit unless given. */
  readonly atLeastWaitMs?: number;
};

/** Every controller there is; the reference is made from them. */
export const controllers = [
  HealthController,
  OpenApiController,
  WhoamiController,
  ProjectionsController,
  AccountsController,
  SshKeysController,
  CreditsController,
  TokensController,
  FlavorsController,
  ImagesController,
  ImageFilesController,
  ImageKeysController,
  VmsController,
  VmActionsController,
  ConsentController,
  BackupsController,
  PassportController,
  ResizeController,
  VmSshKeysController,
  WhyNotController,
  VmDiffController,
  ConsoleController,
  MinersController,
  EnrolmentController,
  HostChecksController,
  DrainController,
  AttestationController,
  ReputationController,
  SlashingController,
  DevicesController,
  PoliciesController,
  StreamsController,
  EventsController,
  FollowController,
  ParkedController,
  ParkedActionsController,
  AuditController,
];

@Module({})
class AppModule {}

/** The wiring diagram of the HTTP door. */
export const appModule = (resources: Resources, rates: Rates): DynamicModule => {
  const { store, clock, ids, rows, readModel, operatorToken } = resources;
  return {
    module: AppModule,
    imports: [CqrsModule.forRoot()],
    controllers,
    providers: [
      ...handlers,
      { provide: STORE, useValue: store },
      { provide: CLOCK, useValue: clock },
      { provide: BUS, useValue: resources.bus },
      { provide: REBUILDS, useValue: resources.rebuilds },
      { provide: READINESS, useValue: resources.readiness },
      { provide: LAST_SEEN, useValue: resources.lastSeen },
      { provide: ISSUE_MINER_JWT, useValue: resources.issueMinerJwt },
      { provide: RATES, useValue: rates },
      { provide: NETWORK, useValue: resources.network },
      { provide: MAKE_PASSPORT, useValue: resources.makePassport },
      { provide: OPENAPI, useFactory: () => openApiDocument(controllers) },
      { provide: HANDLING, useFactory: () => ({ store, clock, metrics: resources.metrics }) },
      { provide: STAMP, useFactory: () => createStamp({ clock, ids }) },
      { provide: OWNERSHIP, useFactory: () => createOwnership(store) },
      { provide: IMAGE_FILES, useFactory: () => createImageFiles(resources.imageCacheDir ?? null) },
      { provide: HAND_OVER, useValue: resources.handOver },
      { provide: FOLLOWERS, useFactory: () => createFollowers(clock) },
      { provide: PAST, useFactory: () => createPast(store, clock) },
      { provide: READS, useFactory: () => createReads(rows, store, readModel, resources.atLeastWaitMs) },
      {
        provide: SCORES,
        useFactory: () =>
          createScores(resources.reputation.reputations, store, resources.reputation, resources.atLeastWaitMs),
      },
      {
        provide: AUTHENTICATOR,
        inject: [READS],
        useFactory: ({ catchUp }: Reads) => createAuthenticator({ operator: operatorToken, rows, catchUp }),
      },
      { provide: APP_GUARD, useClass: AuthGuard },
    ],
  };
};
