import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freshHome, runHcc } from './cluster.ts';
import { processesWith } from './processes.ts';
import { storeEnv, storeKind, verifiedLog } from './stores.ts';

const miners = 2;

const story = [
  ...['VmRequested', 'VmVolumeChosen', 'VmAdmitted', 'VmPlacementProposed', 'VmPlaced', 'BootAuthorized'],
  ...['VmBootSpecified', 'VmStarting', 'VmKeyAwaited', 'VmKeyReleased', 'VmBootConfirmed', 'VmRunning'],
  ...['VmTerminationRequested', 'VmTerminated'],
];
/** A miner of a busy machine says what it has, or that its VM stopped, a moment later than another; a key goes before its disk or after. */
const mayBe: ReadonlySet<string> = new Set(['VmPlacementFailed', 'VmStopped', 'VmKeyDestroyed']);

test(`given an empty home, its record in ${storeKind} and ${miners} miners, when \`hcc up --once --json\` runs, then a VM with an encrypted disk boots to ssh, is terminated with its key, and nothing is left behind`, async () => {
  const home = freshHome();
  try {
    const env = await storeEnv(home);
    const args = ['--home', home, '--port', '0', '--miners', String(miners)];
    const run = await runHcc(['up', '--once', '--json', ...args], env);
    expect(run.stderr, 'progress goes to stderr').not.toBe('');
    const answer = JSON.parse(run.stdout);
    expect(answer, run.stderr).toMatchObject({ ok: true });
    expect(run.code).toBe(0);

    expect(answer.steps.length).toBeGreaterThan(3);
    for (const step of answer.steps) expect(step).toEqual({ name: expect.any(String), ms: expect.any(Number) });
    expect(answer.ssh.command).toMatch(/^ssh /);
    expect(answer.ssh.output).toMatch(/^Linux .* x86_64/);
    expect(answer.vm.disk).toMatchObject({
      ...{ kind: 'luks2', encryption: 'luks2', cipher: 'aes-xts-plain64', keyBits: 512, pbkdf: 'argon2id' },
      ...{ integrity: 'none', headerSha256: expect.stringMatching(/^[0-9a-f]{64}$/), bootCounter: 1 },
    });

    expect(answer.attestation).toHaveLength(miners);
    for (const miner of answer.attestation) {
      expect(miner).toMatchObject({ tier: 'affirming', simulated: { processor: true, tpm: true }, refusals: [] });
      expect(miner.launchDigest).toMatch(/^[0-9a-f]{96}$/);
      expect(miner.evidenceSha256).toMatch(/^[0-9a-f]{64}$/);
    }

    const types: readonly string[] = answer.vm.events.map(({ type }: { type: string }) => type);
    expect(types.filter((type) => !mayBe.has(type))).toEqual(story);
    for (const { at } of answer.vm.events) expect(at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(processesWith(home)).toEqual([]);

    const vault = readdirSync(join(home, 'vault')).filter((file) => file.startsWith(answer.vm.id));
    expect(vault, 'its key is gone, which is marked').toEqual([`${answer.vm.id}.destroyed`]);

    const verified = await verifiedLog(home);
    expect(verified.fault).toBeNull();
    expect(verified.events).toBeGreaterThan(types.length);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
