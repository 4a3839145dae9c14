import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  type AptContext,
  type AptSource,
  aptCache,
  aptDownload,
  aptSourceFor,
  unpackDeb,
  withFreshLists,
  withLock,
} from '#host';
import { hashFile } from './hash-file.ts';
import { ImageError } from './image-error.ts';
import type { ImageManifest } from './manifest.ts';

export type UnpackedPackages = {
  /** All packages unpacked over each other; nothing of them was installed or run. */
  readonly root: string;
  readonly packages: ImageManifest['packages'];
};

/** Gets the kernel and the wanted packages from Debian `suite` and unpacks them below `workDir`. Needs no root.
 *  The files stay in the cache: images share most of them, and each is fetched once.
 *  The kernel's package name moves with every security update, so it is asked for, never written down. */
export async function fetchPackages(
  suite: string,
  { workDir, cacheDir }: { readonly workDir: string; readonly cacheDir: string },
  wanted: WantedPackages,
  context: AptContext,
): Promise<UnpackedPackages> {
  const aptDir = join(workDir, 'apt');
  await mkdir(aptDir, { recursive: true });
  const source = await aptSourceFor(suite, aptDir, context);
  const root = join(workDir, 'unpacked');
  const debsDir = join(cacheDir, 'packages', suite);
  await mkdir(debsDir, { recursive: true });
  // Until they are unpacked, so that another build does not take a newer version of one in between.
  return withLock(debsDir, async () => {
    const debs = await withFreshLists(source, aptDir, context, (from) => download(from, wanted, debsDir, context));
    for (const deb of debs) await unpackDeb(deb, root, context.signal);
    const packages = await Promise.all(debs.map(describe));
    return { root, packages: packages.sort((a, b) => (a.name < b.name ? -1 : 1)) };
  });
}

/** Packages beside the kernel's, and whether the libraries they need come with them. */
export type WantedPackages = { readonly programs: readonly string[]; readonly libraries: boolean };

/** Programs of the small guest. */
export const tinyPackages: WantedPackages = {
  programs: ['busybox-static', 'dropbear-bin', 'e2fsprogs'],
  libraries: true,
};
const kernelMetaPackage = 'linux-image-cloud-amd64';

async function download(
  source: AptSource,
  wanted: WantedPackages,
  dir: string,
  context: AptContext,
): Promise<readonly string[]> {
  const kernel = await kernelPackage(source);
  const { programs } = wanted;
  const libraries = wanted.libraries ? await librariesOf(source, programs) : [];
  context.report({
    step: 'packages',
    detail: `downloading ${kernel}, ${programs.join(', ')}${libraries.length === 0 ? '' : ` and ${libraries.length} libraries`}`,
  });
  return aptDownload(source, [kernel, ...programs, ...libraries], dir, context);
}

async function kernelPackage(source: AptSource): Promise<string> {
  const text = await aptCache(source, ['depends', '--important', kernelMetaPackage]);
  const name = /Depends: (linux-image-[a-z0-9.+-]+)/.exec(text)?.[1];
  if (name === undefined) {
    throw new ImageError('package-unusable', `${kernelMetaPackage} names no kernel package in Debian ${source.suite}`);
  }
  return name;
}

async function librariesOf(source: AptSource, names: readonly string[]): Promise<readonly string[]> {
  const onlyDepends = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'].map(
    (kind) => `--no-${kind}`,
  );
  const text = await aptCache(source, ['depends', '--recurse', ...onlyDepends, ...names]);
  const closure = text.split('\n').filter((line) => /^(?:lib|zlib)[a-z0-9.+-]*$/.test(line));
  return [...new Set(closure)].sort();
}

async function describe(debPath: string): Promise<ImageManifest['packages'][number]> {
  // apt names a file <package>_<version>_<architecture>.deb, with the version's colons as %3a.
  const [name = '', version = ''] = basename(debPath).split('_');
  return { name, version: decodeURIComponent(version), sha256: (await hashFile(debPath)).sha256 };
}
