import { rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { freshHome, runHcc } from './cluster.ts';
import { processesWith } from './processes.ts';
import { type StoreKind, storeEnv, storeKind, verifiedLog } from './stores.ts';

/** Each store, once; or the one that the whole run is about. */
const stores: readonly StoreKind[] = process.env.HCC_STORE === undefined ? ['sqlite', 'kurrent'] : [storeKind];

test.each(stores)(
  'given an empty home and its record in %s, when `hcc up --once --json` runs, then a real VM boots to ssh, is terminated, and nothing is left behind',
  async (store) => {
    const home = freshHome();
    try {
      const env = await storeEnv(home, store);
      const run = await runHcc(['up', '--once', '--json', '--home', home, '--port', '0'], env);
      expect(run.stderr, 'progress goes to stderr').not.toBe('');
      const answer = JSON.parse(run.stdout);
      expect(answer, run.stderr).toMatchObject({ ok: true });
      expect(run.code).toBe(0);

      expect(answer.steps.length).toBeGreaterThan(3);
      for (const step of answer.steps) expect(step).toEqual({ name: expect.any(String), ms: expect.any(Number) });
      expect(answer.ssh.command).toMatch(/^ssh /);
      expect(answer.ssh.output).toMatch(/^Linux .* x86_64/);
      expect(answer.vm.disk).toMatchObject({ format: 'qcow2', encryption: 'none' });

      expect(answer.attestation).toHaveLength(2);
      for (const miner of answer.attestation) {
        expect(miner).toMatchObject({ tier: 'affirming', simulated: { processor: true, tpm: true }, refusals: [] });
        expect(miner.launchDigest).toMatch(/^[0-9a-f]{96}$/);
        expect(miner.evidenceSha256).toMatch(/^[0-9a-f]{64}$/);
      }

      const types = answer.vm.events.map(({ type }: { type: string }) => type);
      expect(types).toEqual([
        'VmRequested',
        'VmAdmitted',
        'VmPlacementProposed',
        'VmPlaced',
        'BootAuthorized',
        'VmStarting',
        'VmRunning',
        'VmTerminationRequested',
        ...types.filter((type: string) => type === 'VmStopped'),
        'VmTerminated',
      ]);
      for (const { at } of answer.vm.events) expect(at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      expect(processesWith(home)).toEqual([]);

      const verified = await verifiedLog(home, store);
      expect(verified.fault).toBeNull();
      expect(verified.events).toBeGreaterThan(types.length);
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  },
);
