import { access } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { ImageError } from '../image-error.ts';

export type NetworkKind = 'simulated' | 'production';

/** The guest agent's programs by file name. */
export type AgentBundle = ReadonlyMap<string, Uint8Array>;

/** The guest agent as one file, from its sources, and beside it on a simulated network the simulated processor's client:
 *  a production network's image holds no byte of it. The same sources give the same bytes, wherever they are. */
export async function bundleAgent(kind: NetworkKind): Promise<AgentBundle> {
  const root = await sourceRoot();
  const bundle = new Map([['main.mjs', await bundleOne(root, agentMain)]]);
  if (kind === 'simulated') bundle.set(simulatedFile, await bundleOne(root, simulatedMain));
  return bundle;
}

const agentMain = 'apps/guest-agent/src/main.ts';
const simulatedMain = 'apps/guest-agent/src/report/simulated-provider.ts';
const simulatedFile = 'simulated-provider.mjs';

async function bundleOne(root: string, entry: string): Promise<Uint8Array> {
  const built = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    conditions: ['hcc-source'],
    plugins: [simulatedApart],
    legalComments: 'none',
    charset: 'utf8',
    logLevel: 'silent',
  }).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ImageError(
      'image-build-failed',
      `the guest agent could not be bundled: ${reason}; run npm ci and try again`,
    );
  });
  const [file] = built.outputFiles;
  if (file === undefined) throw new Error('bug: esbuild gave no file');
  return file.contents;
}

/** What the agent imports only on a simulated network stays a file of its own, which a production image does not have. */
const simulatedApart: Plugin = {
  name: 'simulated-apart',
  setup: ({ onResolve }) => {
    onResolve({ filter: /\/simulated-provider\.ts$/ }, ({ kind }) =>
      kind === 'dynamic-import' ? { path: `./${simulatedFile}`, external: true } : null,
    );
  },
};

async function sourceRoot(): Promise<string> {
  const here = dirname(fileURLToPath(import.meta.url));
  for (let dir = here; dir !== dirname(dir); dir = dirname(dir)) {
    const isRoot = await access(join(dir, agentMain)).then(
      () => true,
      () => false,
    );
    if (isRoot) return dir;
  }
  throw new ImageError(
    'image-build-failed',
    `${agentMain} is in no directory above ${here}: the installation is incomplete`,
  );
}
