import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '#host';
import { ImageError } from '../image-error.ts';
import type { AgentBundle } from './bundle-agent.ts';
import { withoutCodeCache } from './without-code-cache.ts';

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
    await writeFile(join(dir, 'compile.cjs'), compileAll);
    // Predictable: V8 otherwise collects garbage, and lays out what is left, by its threads and the clock.
    // Without code from strings, as it is started: zod would write a function for each schema, for a guest to use once.
    // What was compiled and not called yet stays: V8 would take it for old.
    const how = ['--predictable', '--disallow-code-generation-from-strings', '--no-flush-bytecode'];
    const args = [...how, '--snapshot-blob', agentSnapshotName, '--build-snapshot', 'compile.cjs'];
    await run(process.execPath, args, { cwd: dir, env: {} });
    return new Map([[agentSnapshotName, withoutCodeCache(await readFile(join(dir, agentSnapshotName)))]]);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ImageError('image-build-failed', `Node made no snapshot of the guest agent: ${reason}`);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Reads the agent with every function in it compiled, where V8 would wait for its first call: a guest whose functions are
 *  all there never runs the compiler, which under emulation has to be translated before it can run. Found by a path that is
 *  the same everywhere, because it stays in the snapshot. */
const compileAll = `
const { setFlagsFromString } = require('node:v8');
const source = require('node:fs').readFileSync('main.cjs', 'utf8');
setFlagsFromString('--no-lazy');
const agent = require('node:vm').compileFunction(source, ['require'], { filename: '/proc/self/cwd/main.cjs' });
setFlagsFromString('--lazy');
agent(require);
`;

/** What a process knows of itself would stay in the snapshot. Each is set anew by the Node that starts from it. */
const forgetThisMachine = `
for (const [name, value] of Object.entries({ pid: 0, execPath: '', argv: [], argv0: '' }))
  Object.defineProperty(process, name, { value, configurable: true, enumerable: true, writable: true });
`;
