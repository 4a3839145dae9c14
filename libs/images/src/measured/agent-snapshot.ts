import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '#host';
import { ImageError } from '../image-error.ts';
import type { AgentBundle } from './bundle-agent.ts';

/** The agent's file in a first RAM disk, for `node --snapshot-blob`. */
export const agentSnapshotName = 'agent.blob';

/**
 * The memory of a Node that has read the agent and not begun it. A machine that starts from it reads no source and makes no
 * schema: a second of processor time of every boot under emulation. The same script and Node give the same bytes on any
 * machine. Only the Node that made it takes it. Refuses with `image-build-failed`.
 */
export async function snapshotAgent(bundle: AgentBundle): Promise<AgentBundle> {
  const dir = await mkdtemp(join(tmpdir(), 'hcc-agent-'));
  try {
    await writeFile(join(dir, 'main.cjs'), Buffer.concat([...bundle.values(), Buffer.from(forgetThisMachine)]));
    // Found by a path that is the same everywhere, because it stays in the snapshot. Predictable: V8 otherwise collects
    // garbage, and lays out what is left, by its threads and the clock.
    // Without code from strings, as it is started: zod would write a function for each schema, for a guest to use once.
    const how = ['--predictable', '--disallow-code-generation-from-strings'];
    const args = [...how, '--snapshot-blob', agentSnapshotName, '--build-snapshot', '/proc/self/cwd/main.cjs'];
    await run(process.execPath, args, { cwd: dir, env: {} });
    return new Map([[agentSnapshotName, await readFile(join(dir, agentSnapshotName))]]);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ImageError('image-build-failed', `Node made no snapshot of the guest agent: ${reason}`);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** What a process knows of itself would stay in the snapshot. Each is set anew by the Node that starts from it. */
const forgetThisMachine = `
for (const [name, value] of Object.entries({ pid: 0, execPath: '', argv: [], argv0: '' }))
  Object.defineProperty(process, name, { value, configurable: true, enumerable: true, writable: true });
`;
