import { describe, expect, test } from 'vitest';
import { agentSnapshotName, snapshotAgent } from './agent-snapshot.ts';
import { bundleAgent } from './bundle-agent.ts';

describe("the guest agent as a Node's memory", () => {
  test('given the same script / when its snapshot is made twice / then every byte is the same, and nothing is of this machine', async () => {
    const bundle = await bundleAgent('production', 'guest-boot');
    const [one, two] = [await snapshotAgent(bundle), await snapshotAgent(bundle)];
    const [first, second] = [one, two].map((made) => Buffer.from(made.get(agentSnapshotName) ?? []));
    expect(first?.equals(second ?? Buffer.alloc(0))).toBe(true);
    expect(first?.includes('runVmAgent')).toBe(true);
    for (const ours of [process.execPath, process.cwd(), process.env.HOME ?? '/root/', 'hcc-agent-']) {
      expect(first?.includes(ours), ours).toBe(false);
    }
  });

  test('given a script that does not run / when its snapshot is made / then it is refused in its own words', async () => {
    const broken = new Map([['main.cjs', Buffer.from("throw new Error('no such agent');")]]);
    await expect(snapshotAgent(broken)).rejects.toMatchObject({
      code: 'image-build-failed',
      message: expect.stringContaining('no such agent'),
    });
  });
});
