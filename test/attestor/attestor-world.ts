import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openEvidenceFiles } from '#adapters/evidence';
import { openFoldFiles } from '#adapters/folds';
import { createManualClock, createMemoryEventStore, type ManualClock } from '#adapters/memory';
import { createInProcessScheduler } from '#adapters/system';
import { createLifecycle, createMetrics, silentLog } from '#edge';
import type { Admit, AttestationHandlers, EventStore, EvidenceStore } from '#events';
import { simulatedProcessor } from '#simulated-processor';
import { type Ground, startAttestor } from '../../apps/attestor/src/attestor.ts';
import { type HonestHost, openHonestHost } from './honest-host.ts';
import { type KnownHost, seedMiner, seedNetwork } from './seed.ts';

/** The real attestor on memory and a temporary directory, with its handlers under our hand. */
export type AttestorWorld = {
  readonly clock: ManualClock;
  readonly store: EventStore;
  readonly evidence: EvidenceStore;
  readonly handlers: AttestationHandlers;
  readonly admit: Admit;
  /** Miners that were told to attest now. */
  readonly reminded: readonly string[];
  /** What results are signed with. */
  readonly resultKey: KeyObject;
  figures(): Promise<string>;
  /** Another attestor of the same network, on the same store. */
  another(ground?: Partial<Ground>): Promise<Pick<AttestorWorld, 'handlers' | 'admit' | 'figures'>>;
};

export type AttestorWorldOptions = {
  readonly hosts: readonly (KnownHost & Pick<HonestHost, 'root'>)[];
  /** What is there before it starts, beside the hosts. */
  readonly seed?: (store: EventStore) => Promise<void>;
  readonly ground?: Partial<Ground>;
  /** The document of host-attestation; `null` publishes none. */
  readonly policy?: object | null;
};

const noon = Date.UTC(2026, 10, 21, 12);

export const openAttestor = async ({
  hosts,
  seed,
  ground = {},
  policy,
}: AttestorWorldOptions): Promise<AttestorWorld> => {
  const dir = mkdtempSync(join(tmpdir(), 'hcc-attestor-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const clock = createManualClock(noon);
  const store = createMemoryEventStore();
  const { root } = hosts[0] ?? (await openHonestHost());
  await seedNetwork(store, root, policy);
  for (const host of hosts) await seedMiner(store, host);
  await seed?.(store);
  const { store: evidence, close: closeEvidence } = await openEvidenceFiles({
    ...{ dir: join(dir, 'evidence'), key: randomBytes(32), random: randomBytes, clock },
  });
  onTestFinished(closeEvidence);
  const keys = { verifierKey: randomBytes(32), resultKey: generateKeyPairSync('ed25519').privateKey };
  const reminded: string[] = [];

  const start = async (attestorId: string, own: Partial<Ground>) => {
    const metrics = createMetrics();
    const lifecycle = createLifecycle({ log: silentLog, clock });
    onTestFinished(() => lifecycle.stop());
    const served: { handlers: AttestationHandlers; admit: Admit }[] = [];
    await startAttestor(
      {
        ...{ clock, metrics, log: silentLog, random: randomBytes },
        openStore: async () => ({ store, close: async () => undefined }),
        openEvidence: async () => ({ store: evidence, close: async () => undefined }),
        openScheduler: async () => createInProcessScheduler({ clock, fired: () => undefined }),
        openFolds: async (of) =>
          openFoldFiles({
            dir: join(dir, 'folds', attestorId),
            store: of,
            build: 'test',
            everyEvents: 10,
            log: silentLog,
          }),
        connectBus: async () => ({
          serve: async (handlers, admit) => {
            served.push({ handlers, admit });
            return async () => undefined;
          },
          due: (minerId) => void reminded.push(minerId),
          connectedSince: () => clock.now(),
          close: async () => undefined,
        }),
        ...own,
      },
      {
        ...{ attestorId, ...keys, simulatedRoot: simulatedProcessor.writeRoot(root), tpmRootsDir: null },
        vekCacheDir: join(dir, 'vek'),
      },
      lifecycle,
    );
    const [{ handlers, admit } = { handlers: null, admit: null }] = served;
    if (handlers === null || admit === null) throw new Error('BUG: the attestor serves nobody');
    return { handlers, admit, figures: metrics.text };
  };

  return {
    ...{ clock, store, evidence, reminded, resultKey: keys.resultKey, ...(await start('attestor-1', ground)) },
    another: (own = {}) => start('attestor-2', own),
  };
};
