import { access, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { ImageError } from '../image-error.ts';

export type NetworkKind = 'simulated' | 'production';

/** The guest agent as one script, by its file name `main.cjs`. */
export type AgentBundle = ReadonlyMap<string, Uint8Array>;

/** Whose agent: a miner's system VM has one, and every owner's VM has one until its disk is open. */
export type AgentProgram = 'hccam' | 'guest-boot';

/** An agent bundled from its sources. A production network's bundle holds nothing of the simulated processor's client.
 *  The same sources give the same bytes, wherever they are. */
export async function bundleAgent(kind: NetworkKind, program: AgentProgram = 'hccam'): Promise<AgentBundle> {
  const root = await sourceRoot();
  const built = await build({
    absWorkingDir: root,
    entryPoints: [entries[program]],
    bundle: true,
    write: false,
    outfile: 'main.cjs',
    platform: 'node',
    // One script, not modules: the only thing Node makes a snapshot of.
    format: 'cjs',
    target: 'node24',
    conditions: ['hcc-source'],
    plugins: [...(kind === 'production' ? [withoutSimulated] : []), withoutTranslations, partsOfZod, ourLibraries],
    legalComments: 'none',
    // One letter beyond Latin would double what a snapshot keeps of the script.
    charset: 'ascii',
    logLevel: 'silent',
  }).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ImageError(
      'image-build-failed',
      `the guest agent could not be bundled: ${reason}; run npm ci and try again`,
    );
  });
  return new Map(built.outputFiles.map(({ path, contents }) => [basename(path), contents]));
}

const entries = {
  hccam: 'apps/guest-agent/src/main.ts',
  'guest-boot': 'apps/guest-agent/src/boot/main.ts',
} as const;

/** What the agent imports only on a simulated network is not there, and importing it fails. */
const withoutSimulated: Plugin = {
  name: 'without-simulated',
  setup: ({ onResolve }) => {
    onResolve({ filter: /\/simulated-provider\.ts$/ }, () => ({ path: './simulated-provider.cjs', external: true }));
  },
};

/** zod carries its messages in fifty languages and the agent says them in one. */
const withoutTranslations: Plugin = {
  name: 'without-translations',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /locales\/index\.js$/ }, () => ({ path: 'locales', namespace: 'nothing' }));
    onLoad({ filter: /^/, namespace: 'nothing' }, () => ({ contents: 'export {}' }));
  },
};

/** `import { z }` is all of zod as one object: written as a namespace, what nobody uses of it stays out. */
const partsOfZod: Plugin = {
  name: 'parts-of-zod',
  setup: ({ onLoad }) => {
    onLoad({ filter: /\/(?:libs|apps)\/.*\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      return { contents: text.replace(/^import \{ z \} from 'zod';$/m, "import * as z from 'zod';"), loader: 'ts' };
    });
  },
};

/** A module of our libraries that nothing is taken from does nothing: it stays out. */
const ourLibraries: Plugin = {
  name: 'our-libraries',
  setup: ({ onResolve, resolve }) => {
    onResolve({ filter: /^[.#]/ }, async ({ path, importer, resolveDir, kind, pluginData }) => {
      if (pluginData === 'resolved') return null;
      const found = await resolve(path, { importer, resolveDir, kind, pluginData: 'resolved' });
      if (found.errors.length > 0) return { errors: found.errors };
      return { path: found.path, sideEffects: found.path.includes('/node_modules/') ? found.sideEffects : false };
    });
  },
};

async function sourceRoot(): Promise<string> {
  const here = dirname(fileURLToPath(import.meta.url));
  for (let dir = here; dir !== dirname(dir); dir = dirname(dir)) {
    const isRoot = await access(join(dir, entries.hccam)).then(
      () => true,
      () => false,
    );
    if (isRoot) return dir;
  }
  throw new ImageError(
    'image-build-failed',
    `${entries.hccam} is in no directory above ${here}: the installation is incomplete`,
  );
}
