import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, type Report, withLock } from '#host';
import { imageFailure } from '../build-once.ts';
import { readGuestInit } from '../guest-files.ts';
import { hashFile } from '../hash-file.ts';
import { readKernel } from '../kernel.ts';
import { snapshotAgent } from '../measured/agent-snapshot.ts';
import { bootFileNames, sha256 } from '../measured/boot-pair.ts';
import { type AgentBundle, bundleAgent, type NetworkKind } from '../measured/bundle-agent.ts';
import { fetchPackages } from '../packages.ts';
import { inWorkDir } from '../work-dir.ts';
import { bootsDir, type GuestBootImage, openGuestBootImage } from './boots.ts';
import { type GuestBootManifest, guestBootDigest } from './guest-boot-manifest.ts';
import { guestBootInitramfs, guestBootModules, guestBootModulesWhereThere, guestBootPackages } from './initramfs.ts';

export type BuildGuestBootOptions = {
  readonly cacheDir: string;
  /** The only thing of a network that is in the bytes: which network it is comes by the measured command line. */
  readonly kind: NetworkKind;
  readonly report: Report;
  readonly signal?: AbortSignal;
  /** Builds anew, with the packages of today, even when one of this recipe is there. */
  readonly rebuild?: boolean | undefined;
};

/** The boot image of owners' VMs, from the cache or built there now. Reproducible: the same sources, Node and Debian
 *  packages give the same bytes on any machine. Built once per recipe; safe when several processes ask at once; all or
 *  nothing on disk. Refuses with `image-build-failed` or `disk-full`. */
export async function buildGuestBootImage(options: BuildGuestBootOptions): Promise<GuestBootImage> {
  const { cacheDir, kind } = options;
  try {
    const bundle = await bundleAgent(kind, 'guest-boot');
    const init = await readGuestInit('guest-boot');
    const node = await readFile(process.execPath);
    const pointer = join(bootsDir(cacheDir), 'recipes', recipeDigest({ kind, bundle, init, node }));
    const present = async (): Promise<GuestBootImage | undefined> =>
      options.rebuild === true ? undefined : followPointer(cacheDir, pointer);
    const build = async (): Promise<GuestBootImage> =>
      (await present()) ?? (await buildAndPublish(pointer, { ...options, bundle, init, node }));
    const found = await present();
    if (found !== undefined) return found;
    await mkdir(join(bootsDir(cacheDir), 'recipes'), { recursive: true });
    return await withLock(pointer, build);
  } catch (error) {
    throw imageFailure(error, cacheDir);
  }
}

type Ingredients = { readonly bundle: AgentBundle; readonly init: Uint8Array; readonly node: Uint8Array };

const recipe = { revision: 3, suite: 'bookworm', packages: guestBootPackages, modules: guestBootModules } as const;

async function buildAndPublish(pointer: string, options: BuildGuestBootOptions & Ingredients): Promise<GuestBootImage> {
  const { cacheDir, report, kind } = options;
  report({ step: 'image', detail: `building the boot image of VMs in a ${kind} network` });
  return inWorkDir(bootsDir(cacheDir), async (workDir) => {
    const out = join(workDir, 'out');
    await mkdir(out);
    const manifest = await build(workDir, out, options);
    const bootDigest = guestBootDigest(manifest);
    const dir = join(bootsDir(cacheDir), bootDigest);
    // The same bytes may be there, of another recipe; a damaged copy makes room.
    const kept = await openGuestBootImage(cacheDir, bootDigest).catch(() => undefined);
    if (kept === undefined) {
      await rm(dir, { recursive: true, force: true });
      await rename(out, dir);
    }
    await writeFile(`${pointer}.new`, bootDigest);
    await rename(`${pointer}.new`, pointer);
    return await openGuestBootImage(cacheDir, bootDigest);
  });
}

async function build(
  workDir: string,
  out: string,
  options: BuildGuestBootOptions & Ingredients,
): Promise<GuestBootManifest> {
  const { cacheDir, kind, report, signal, bundle, init, node } = options;
  const context = signal === undefined ? { report } : { report, signal };
  const wanted = { programs: guestBootPackages, libraries: true };
  const { root, packages } = await fetchPackages(
    recipe.suite,
    { workDir: join(workDir, 'packages'), cacheDir },
    wanted,
    context,
  );
  const kernel = await readKernel(root, guestBootModules, guestBootModulesWhereThere);
  await writeFile(join(out, bootFileNames.kernel), kernel.image);
  const agent = await snapshotAgent(bundle);
  await writeFile(join(out, bootFileNames.initrd), await guestBootInitramfs({ root, kernel, init, agent, node }));
  const manifest: GuestBootManifest = {
    manifestVersion: 1,
    name: 'guest-boot',
    networkKind: kind,
    kernelRelease: kernel.release,
    kernel: await hashFile(join(out, bootFileNames.kernel)),
    initrd: await hashFile(join(out, bootFileNames.initrd)),
    agent: Object.fromEntries([...bundle, ...agent].map(([name, bytes]) => [name, sha256(bytes)])),
    node: sha256(node),
    packages: [...packages],
  };
  await writeFile(join(out, bootFileNames.manifest), JSON.stringify(manifest));
  return manifest;
}

/** The boot image a recipe was built to, or undefined when there is none or it is damaged and must be built again. */
async function followPointer(cacheDir: string, pointer: string): Promise<GuestBootImage | undefined> {
  const digest = await readFile(pointer, 'utf8').catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (digest === undefined) return undefined;
  return openGuestBootImage(cacheDir, digest.trim()).catch(() => undefined);
}

function recipeDigest({ kind, bundle, init, node }: Ingredients & { readonly kind: NetworkKind }): string {
  const agent = [...bundle, ['init', init] as const, ['node', node] as const].map(([name, bytes]) => [
    name,
    sha256(bytes),
  ]);
  return sha256(JSON.stringify({ ...recipe, kind, agent }));
}
