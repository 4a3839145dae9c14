import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readEvidenceFiles } from '#adapters/evidence';
import { openSqliteStore } from '#adapters/sqlite';
import { createRandomIds, createSystemClock } from '#adapters/system';
import { type AttesterBus, readWholeStream, streamName } from '#events';
import { simulatedProcessor } from '#simulated-processor';
import type { ToAttestor } from '../bench/attestor-words.ts';
import { natsBinary, openNatsWorld } from '../nats/nats-world.ts';
import { type HonestHost, openHonestHost } from './honest-host.ts';
import { seedMiner, seedNetwork } from './seed.ts';

const binary = await natsBinary();
const clock = createSystemClock();
const key = '5a'.repeat(32);
const program = fileURLToPath(new URL('../bench/attestor-program.ts', import.meta.url));

const startAttestor = async (
  start: Extract<ToAttestor, { readonly start: object }>['start'],
): Promise<ChildProcess> => {
  const child = fork(program, { execArgv: ['--conditions=hcc-source'], serialization: 'advanced' });
  const ended = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  child.send({ start });
  expect((await once(child, 'message'))[0]).toEqual({ started: true });
  return child;
};

/** A round as an agent does it: what is not answered is begun anew. Says how many rounds were begun. */
const attest = async (bus: AttesterBus, host: HonestHost): Promise<number> => {
  for (let begun = 1; begun <= 5; begun += 1) {
    try {
      const challenge = await bus.ask('challenge', { purpose: 'host-evidence', agentVersion: '1.0.0' });
      const { tier } = await bus.ask('evidence', { evidence: host.answer(challenge) });
      expect(tier).toBe('affirming');
      return begun;
    } catch {
      // Whoever had the request is gone; the next one asks who is left.
    }
  }
  return expect.fail('five rounds of an honest host were not answered');
};

describe.skipIf(binary === null)('two attestors on one log (needs nats-server 2.10 or newer)', () => {
  test('given rounds in flight / when one of the two is killed / then every miner gets its verdict, and all that were given are recorded and kept', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'hcc-killed-'));
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
    const [storeFile, evidenceDir] = [join(dir, 'log.sqlite'), join(dir, 'evidence')];
    mkdirSync(evidenceDir);
    const hosts = await Promise.all(Array.from({ length: 12 }, () => openHonestHost()));
    const { store, close } = await openSqliteStore({ file: storeFile, clock, ids: createRandomIds() });
    onTestFinished(() => close());
    const [{ root } = await openHonestHost()] = hosts;
    await seedNetwork(store, root);
    for (const host of hosts) await seedMiner(store, host);
    const world = await openNatsWorld(binary ?? '');
    onTestFinished(() => world.close());
    const terms = {
      servers: [world.server().url],
      storeFile,
      evidenceDir,
      key,
      root: simulatedProcessor.writeRoot(root),
    };
    const both = await Promise.all(
      ['attestor-1', 'attestor-2'].map(async (attestorId) =>
        startAttestor({ ...terms, attestorId, identity: await world.serviceIdentity('attestor') }),
      ),
    );
    const buses = await Promise.all(hosts.map(async ({ minerId }) => (await world.miner(minerId)).attestation));
    const round = () => Promise.all(hosts.map((host, n) => attest(buses[n] ?? expect.fail('no bus'), host)));
    expect(await round()).toEqual(hosts.map(() => 1));
    const [victim] = both;
    const rounds = round();
    victim?.kill('SIGKILL');
    expect(await rounds).toHaveLength(hosts.length);
    await round();

    const evidence = readEvidenceFiles({ dir: evidenceDir, key: Buffer.from(key, 'hex') });
    for (const { minerId } of hosts) {
      const events = await readWholeStream(store, streamName('appraisal', minerId));
      const verdicts = events.filter(({ type }) => type === 'EvidenceAppraised').map(({ data }) => data);
      expect(verdicts.length).toBeGreaterThanOrEqual(3);
      expect(new Set(verdicts.map(({ nonceSha256 }) => nonceSha256)).size).toBe(verdicts.length);
      for (const { evidenceSha256 } of verdicts) expect(await evidence.get(String(evidenceSha256))).not.toBeNull();
    }
  });
});
