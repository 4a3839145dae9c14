import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { agentSnapshotName, snapshotAgent } from './agent-snapshot.ts';
import { bundleAgent } from './bundle-agent.ts';
import { withoutCodeCache } from './without-code-cache.ts';

describe("the guest agent as a Node's memory", () => {
  test('given the same script / when its snapshot is made twice / then every byte is the same, and nothing is of this machine', async () => {
    const bundle = await bundleAgent('production', 'guest-boot');
    const [one, two] = [await snapshotAgent(bundle), await snapshotAgent(bundle)];
    const [first, second] = [one, two].map((made) => Buffer.from(made.get(agentSnapshotName) ?? []));
    expect(first?.equals(second ?? Buffer.alloc(0))).toBe(true);
    expect(first?.includes('runVmAgent')).toBe(true);
    for (const ours of [process.execPath, process.cwd(), `${process.env.HOME ?? '/root'}/`, 'hcc-agent-']) {
      expect(first?.includes(ours), ours).toBe(false);
    }
  });

  test('given a snapshot / when a Node starts from it on a machine that is no VM / then the agent runs, and says so', async () => {
    const made = (await snapshotAgent(await bundleAgent('simulated', 'guest-boot'))).get(agentSnapshotName);
    const dir = await mkdtemp(join(tmpdir(), 'hcc-as-'));
    try {
      await writeFile(join(dir, agentSnapshotName), made ?? '');
      const how = ['--jitless', '--single-threaded', '--disallow-code-generation-from-strings', '--snapshot-blob'];
      const { status, stdout } = spawnSync(process.execPath, [...how, join(dir, agentSnapshotName)], {
        encoding: 'utf8',
      });
      expect({ status, stdout }).toEqual({ status: 1, stdout: expect.stringContaining('STOPPED no-port: ') });
      // Nothing is left that only another Node could use.
      expect(made?.length).toBeLessThan(6.5e6);
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  test('given bytes that end in no list of compiled modules / when such a list is taken out / then they stay', () => {
    const other = Buffer.concat([Buffer.from('snapshot'), Buffer.alloc(64)]);
    expect(withoutCodeCache(other)).toBe(other);
  });

  test('given a script that does not run / when its snapshot is made / then it is refused in its own words', async () => {
    const broken = new Map([['main.cjs', Buffer.from("throw new Error('no such agent');")]]);
    await expect(snapshotAgent(broken)).rejects.toMatchObject({
      code: 'image-build-failed',
      message: expect.stringContaining('no such agent'),
    });
  });
});
