import { copyFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Report, withLock } from '#host';
import { imageFailure } from '../build-once.ts';
import type { CpioEntry } from '../cpio.ts';
import { readGuestInit } from '../guest-files.ts';
import { hashFile } from '../hash-file.ts';
import { snapshotAgent } from '../measured/agent-snapshot.ts';
import { bootFileNames, readBootPair, sha256, treeDigests } from '../measured/boot-pair.ts';
import { type AgentBundle, bundleAgent, type NetworkKind } from '../measured/bundle-agent.ts';
import type { Image } from '../store.ts';
import type { Tree } from '../tree.ts';
import { type HccamManifest, hccamCmdline, hccamDigest, hccamManifest } from './hccam-manifest.ts';
import { hccamInitramfs } from './initramfs.ts';
import { addNode } from './node-runtime.ts';

export type BuildHccamOptions = {
  readonly cacheDir: string;
  /** The small image of this cache: its kernel, drivers and busybox are what a system VM has too. */
  readonly base: Image;
  readonly network: { readonly id: string; readonly kind: NetworkKind };
  readonly report: Report;
};

/** A system VM's image for one network. */
export type HccamImage = {
  /** `sha256:` and 64 hex digits, over kernel, first RAM disk and command line. */
  readonly digest: string;
  readonly kernelPath: string;
  readonly initrdPath: string;
  /** Without what emulation adds. */
  readonly cmdline: string;
  readonly manifest: HccamManifest;
};

/** The image of HCCAM, from the cache or built there now: seconds, without network. Reproducible: the same base, Node and
 *  sources give the same bytes. The files are of a kind of network; only the command line names the network itself.
 *  Safe when several processes ask at once; all or nothing on disk. Refuses with `image-build-failed`. */
export async function buildHccamImage(options: BuildHccamOptions): Promise<HccamImage> {
  const { cacheDir, base, network } = options;
  try {
    const bundle = await bundleAgent(network.kind);
    const init = await readGuestInit('hccam');
    const runtime: Tree = new Map<string, CpioEntry>();
    await addNode(runtime);
    const key = recipeDigest({ base, kind: network.kind, bundle, init, runtime });
    const dir = join(cacheDir, 'hccam', key);
    const manifest = (await readManifest(dir)) ?? (await buildLocked(dir, { ...options, bundle, init, runtime }));
    const cmdline = hccamCmdline(network);
    const digest = hccamDigest(manifest, cmdline);
    return {
      digest,
      kernelPath: join(dir, bootFileNames.kernel),
      initrdPath: join(dir, bootFileNames.initrd),
      cmdline,
      manifest,
    };
  } catch (error) {
    throw imageFailure(error, cacheDir);
  }
}

type Ingredients = { readonly bundle: AgentBundle; readonly init: Uint8Array; readonly runtime: Tree };

const revision = 2;

async function buildLocked(dir: string, options: BuildHccamOptions & Ingredients): Promise<HccamManifest> {
  await mkdir(join(options.cacheDir, 'hccam'), { recursive: true });
  return withLock(dir, async () => (await readManifest(dir)) ?? (await build(dir, options)));
}

async function build(dir: string, options: BuildHccamOptions & Ingredients): Promise<HccamManifest> {
  const { base, network, report, bundle, init, runtime } = options;
  report({ step: 'image', detail: `building the system VM's image for a ${network.kind} network` });
  const out = await mkdtemp(`${dir}.`);
  try {
    await copyFile(base.kernelPath, join(out, bootFileNames.kernel));
    const from = await readFile(base.initrdPath);
    const agent = await snapshotAgent(bundle);
    await writeFile(join(out, bootFileNames.initrd), hccamInitramfs({ base: from, init, agent, runtime }));
    const manifest: HccamManifest = {
      manifestVersion: 1,
      name: 'hccam',
      networkKind: network.kind,
      kernelRelease: base.manifest.version.replace(/^\d+-/, ''),
      kernel: await hashFile(join(out, bootFileNames.kernel)),
      initrd: await hashFile(join(out, bootFileNames.initrd)),
      agent: Object.fromEntries([...bundle, ...agent].map(([name, bytes]) => [name, sha256(bytes)])),
    };
    await writeFile(join(out, bootFileNames.manifest), JSON.stringify(manifest));
    // A directory without a manifest that can be read is what a crash, or an older build, left.
    await rm(dir, { recursive: true, force: true });
    await rename(out, dir);
    return manifest;
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}

function readManifest(dir: string): Promise<HccamManifest | undefined> {
  return readBootPair(dir, (value) => hccamManifest.parse(value));
}

function recipeDigest({
  base,
  kind,
  bundle,
  init,
  runtime,
}: Ingredients & { readonly base: Image; readonly kind: NetworkKind }): string {
  const files = [...bundle, ['init', init] as const].map(([name, bytes]) => [name, sha256(bytes)]);
  return sha256(JSON.stringify({ revision, kind, base: base.digest, files, node: treeDigests(runtime) }));
}
