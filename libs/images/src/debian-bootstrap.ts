import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aptSourceLines, type Report, run } from '#host';
import { epochSeconds } from './ext4.ts';
import { limits } from './limits.ts';

/** Makes a Debian `suite` with `packages` as a tar archive, every package configured as on an installed machine.
 *  The work is mmdebstrap's, from `toolRoot` where its package was unpacked: apt resolves and checks signatures, dpkg
 *  configures in a chroot. As another user than root it needs subordinate user ids (newuidmap) and says so. */
export async function bootstrapDebian(options: {
  readonly suite: string;
  readonly packages: readonly string[];
  readonly toolRoot: string;
  readonly workDir: string;
  readonly tarPath: string;
  readonly report: Report;
  readonly signal?: AbortSignal;
}): Promise<void> {
  const { suite, packages, toolRoot, workDir, tarPath, report, signal } = options;
  const isRoot = process.getuid?.() === 0;
  const args = [
    ...[
      join(toolRoot, 'usr/bin/mmdebstrap'),
      '--verbose',
      `--mode=${isRoot ? 'root' : 'unshare'}`,
      '--variant=minbase',
      '--format=tar',
    ],
    ...[`--include=${packages.join(',')}`, suite, tarPath, ...(await aptSourceLines(suite))],
  ];
  await run('perl', args, {
    env: {
      ...process.env,
      LC_ALL: 'C',
      // The subordinate user that does the work as root must get there, which it cannot below a private cache.
      TMPDIR: isRoot ? workDir : tmpdir(),
      SOURCE_DATE_EPOCH: String(epochSeconds),
      PATH: `${join(toolRoot, 'usr/bin')}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    },
    timeoutMs: limits.debianTimeoutMs,
    ownGroup: true,
    killGraceMs: limits.debianCancelMs,
    onStderr: bootstrapProgress(report),
    ...(signal === undefined ? {} : { signal }),
  });
}

/** Reads what apt and dpkg say as it comes, and reports bytes and packages: a line for every so many. */
export function bootstrapProgress(report: Report): (text: string) => void {
  const counts = { Unpacking: 0, 'Setting up': 0 };
  let rest = '';
  const line = (text: string): void => {
    const wanted = /^Need to get ([0-9.,]+ .?B) of archives/.exec(text)?.[1];
    if (wanted !== undefined) report({ step: 'packages', detail: `fetching ${wanted} of packages` });
    const fetched = /^Fetched ([0-9.,]+ .?B) in .*\(([0-9.,]+ .?B\/s)\)/.exec(text);
    if (fetched !== null) report({ step: 'packages', detail: `fetched ${fetched[1]}, ${fetched[2]}` });
    const done = /^(Unpacking|Setting up) \S+/.exec(text)?.[1];
    if (done !== 'Unpacking' && done !== 'Setting up') return;
    counts[done] += 1;
    if (counts[done] % limits.packagesPerReport !== 0) return;
    report({ step: 'packages', detail: `${counts.Unpacking} unpacked, ${counts['Setting up']} configured` });
  };
  return (text) => {
    const lines = (rest + text).split('\n');
    // A child that never ends its line must not make us keep all of it.
    rest = (lines.pop() ?? '').slice(-limits.tarNameBytesMax);
    for (const one of lines) line(one);
  };
}
