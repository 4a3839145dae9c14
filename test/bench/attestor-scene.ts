import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openSqliteStore } from '#adapters/sqlite';
import { createRandomIds, createSystemClock } from '#adapters/system';
import type { SimulatedRoot } from '#attestation';
import type { AttesterBus, Challenge, EvidenceAnswer } from '#events';
import { simulatedProcessor } from '#simulated-processor';
import { type KnownHost, seedMiner, seedNetwork } from '../attestor/seed.ts';
import { natsBinary, openNatsWorld } from '../nats/nats-world.ts';
import type { FromAttestor, FromSigner, ToAttestor, ToSigner } from './attestor-words.ts';
import { freshPlace, inFlight } from './place.ts';

/** Miners with connections of their own, their machines in two processes, and the attestor in another. */
export type AttestorScene = {
  readonly hosts: readonly KnownHost[];
  readonly root: SimulatedRoot;
  /** Asks a challenge for each of some miners, by their place among the hosts. */
  challenges(of: Miners): Promise<readonly Challenge[]>;
  /** Fresh evidence of each for its challenge. */
  signed(of: Miners, challenges: readonly Challenge[]): Promise<readonly string[]>;
  /** Sends it, many miners at once. */
  verdicts(of: Miners, evidence: readonly string[]): Promise<readonly EvidenceAnswer[]>;
  /** Sends it, many miners at once; each asks for its next challenge when it has its verdict. */
  rounds(
    of: Miners,
    evidence: readonly string[],
  ): Promise<readonly { readonly answer: EvidenceAnswer; readonly next: Challenge }[]>;
  /** Retained heap of the attestor. */
  heapMib(): Promise<number>;
  close(): Promise<void>;
};

type Miners = readonly number[];

const signers = 2;
/** Miners that are in the middle of a round at one time. */
const atOnce = 64;

export const openAttestorScene = async (miners: number): Promise<AttestorScene> => {
  const binary = await natsBinary();
  if (binary === null) throw new Error('nats-server is not there; node dist/scripts/setup.js gets it');
  const place = freshPlace();
  const machines = Array.from({ length: signers }, () => processOf('./attestor-signer.js'));
  const opened = await Promise.all(
    machines.map((machine) => asked<ToSigner, FromSigner>(machine, { open: miners / signers })),
  );
  const hosts = opened.flatMap((one) => ('hosts' in one ? one.hosts : []));
  const rootText = opened.flatMap((one) => ('root' in one ? [one.root] : []))[0] ?? '';
  const root = simulatedProcessor.readRoot(rootText);
  const storeFile = place.path('log.sqlite');
  await seeded(storeFile, root, hosts);
  const world = await openNatsWorld(binary);
  const attestor = processOf('./attestor-program.js');
  mkdirSync(place.path('evidence'));
  const started = await asked<ToAttestor, FromAttestor>(attestor, {
    start: {
      ...{
        servers: [world.server().url],
        identity: await world.serviceIdentity('attestor'),
        storeFile,
        root: rootText,
      },
      ...{ evidenceDir: place.path('evidence'), attestorId: 'attestor-1', key: '5a'.repeat(32) },
    },
  });
  if ('failed' in started) throw new Error(`the attestor did not start: ${started.failed}`);
  const buses: AttesterBus[] = [];
  for (const { minerId } of hosts) buses.push((await world.miner(minerId)).attestation);
  const ask = { purpose: 'host-evidence', agentVersion: '1.0.0' } as const;
  const each = async <Result>(
    of: Miners,
    work: (bus: AttesterBus, n: number) => Promise<Result>,
  ): Promise<Result[]> => {
    const results: Result[] = [];
    await inFlight(of.length, atOnce, async (n) => {
      const bus = buses[of[n] ?? miners];
      if (bus !== undefined) results[n] = await work(bus, n);
    });
    return results;
  };
  const sent = (bus: AttesterBus, evidence: string | undefined) => bus.ask('evidence', { evidence: evidence ?? '' });

  return {
    ...{ hosts, root },
    challenges: (of) => each(of, (bus) => bus.ask('challenge', ask)),
    signed: (of, challenges) => signedBy(machines, miners / signers, of, challenges),
    verdicts: (of, evidence) => each(of, (bus, n) => sent(bus, evidence[n])),
    rounds: (of, evidence) =>
      each(of, async (bus, n) => ({ answer: await sent(bus, evidence[n]), next: await bus.ask('challenge', ask) })),
    heapMib: async () => {
      const told = await asked<ToAttestor, FromAttestor>(attestor, { ask: 'heap' });
      if ('heapMib' in told) return told.heapMib;
      throw new Error('the attestor does not say what it keeps');
    },
    close: async () => {
      await Promise.all([attestor, ...machines].map(ended));
      await world.close();
      place.remove();
    },
  };
};

/** Each machine signs for its share of the miners. */
const signedBy = async (
  machines: readonly ChildProcess[],
  share: number,
  of: Miners,
  challenges: readonly Challenge[],
): Promise<readonly string[]> => {
  const evidence: string[] = [];
  await Promise.all(
    machines.map(async (machine, number) => {
      const places = of.flatMap((miner, n) => (Math.floor(miner / share) === number ? [n] : []));
      const answers = places.flatMap((n) => {
        const challenge = challenges[n];
        return challenge === undefined ? [] : [{ host: (of[n] ?? 0) % share, challenge }];
      });
      const made = await asked<ToSigner, FromSigner>(machine, { answers });
      if (!('evidence' in made)) throw new Error('a machine of the bench does not sign');
      for (const [n, place] of places.entries()) evidence[place] = made.evidence[n] ?? '';
    }),
  );
  return evidence;
};

const seeded = async (file: string, root: SimulatedRoot, hosts: readonly KnownHost[]): Promise<void> => {
  const { store, close } = await openSqliteStore({ file, clock: createSystemClock(), ids: createRandomIds() });
  await seedNetwork(store, root);
  await inFlight(hosts.length, 32, async (n) => {
    const host = hosts[n];
    if (host !== undefined) await seedMiner(store, host);
  });
  await close();
};

const processOf = (program: string): ChildProcess =>
  fork(fileURLToPath(new URL(program, import.meta.url)), { execArgv: ['--expose-gc'], serialization: 'advanced' });

/** One question, one answer. */
const asked = async <Question extends object, Answer>(child: ChildProcess, question: Question): Promise<Answer> => {
  const over = new AbortController();
  const failed = once(child, 'exit', over).then(([code]) => {
    throw new Error(`a process of the bench ended with ${code}`);
  });
  failed.catch(() => undefined);
  child.send(question);
  try {
    const [answer] = await Promise.race([once(child, 'message', over), failed]);
    return answer;
  } finally {
    over.abort();
  }
};

const ended = async (child: ChildProcess): Promise<void> => {
  const exit = once(child, 'exit');
  child.disconnect();
  await exit;
};
