import type { Version } from './version.ts';

export type ToolName =
  | 'qemu-system-x86_64'
  | 'qemu-img'
  | 'nats-server'
  | 'redis-server'
  | 'promtool'
  | 'docker-compose'
  | 'ssh'
  | 'ssh-keygen'
  | 'mke2fs'
  | 'debugfs'
  | 'tpm2'
  | 'swtpm'
  | 'swtpm_setup'
  | 'swtpm_localca'
  | 'cryptsetup'
  | 'setpriv'
  | 'apt-get'
  | 'apt-cache'
  | 'dpkg-deb';

/** How a tool that is not there is got: by apt as root, by unpacking a package of a named Debian suite into our
 *  cache (no root needed), or not at all, because it is part of the operating system itself. */
export type Provision =
  | { readonly how: 'install'; readonly packages: readonly string[] }
  | {
      readonly how: 'unpack';
      readonly packageName: string;
      readonly suite: string;
      readonly programPath: string;
      /** Packages of shared libraries that are unpacked beside it; the program is then started through a script that names them. */
      readonly libraries?: readonly string[];
    }
  | { readonly how: 'system'; readonly packages: readonly string[] };

export type Tool = {
  readonly name: ToolName;
  readonly why: string;
  /** Arguments that make the tool print its version; absent for a tool that has no such option. */
  readonly versionArgs?: readonly string[];
  readonly versionMin?: Version;
  /** Only the tests and the checks of the cluster's files want it; a machine that runs HCC does without. */
  readonly onlyForTests?: true;
  readonly provision: Provision;
};

/** Every program HCC needs that npm does not bring, with the reason we need it. */
export const tools: readonly Tool[] = [
  {
    name: 'qemu-system-x86_64',
    why: 'runs the virtual machines',
    versionArgs: ['--version'],
    versionMin: [7, 2],
    provision: { how: 'install', packages: ['qemu-system-x86'] },
  },
  {
    name: 'qemu-img',
    why: 'makes the disk of each VM',
    versionArgs: ['--version'],
    versionMin: [7, 2],
    provision: { how: 'install', packages: ['qemu-utils'] },
  },
  {
    // 2.9, which Debian 12 has, silently ignores stream options we rely on; the package of trixie needs only glibc 2.34.
    name: 'nats-server',
    why: 'carries commands to miners and their reports back',
    versionArgs: ['--version'],
    versionMin: [2, 10],
    provision: { how: 'unpack', packageName: 'nats-server', suite: 'trixie', programPath: 'usr/sbin/nats-server' },
  },
  {
    // The program itself is in redis-tools. Newer suites' builds need a glibc that Debian 12 does not have.
    name: 'redis-server',
    why: 'keeps the timers of a cluster; a single machine does without',
    versionArgs: ['--version'],
    versionMin: [6, 2],
    onlyForTests: true,
    provision: {
      how: 'unpack',
      packageName: 'redis-server',
      suite: 'bookworm',
      programPath: 'usr/bin/redis-server',
      libraries: ['redis-tools', 'libatomic1', 'libjemalloc2', 'liblzf1', 'libssl3'],
    },
  },
  {
    name: 'promtool',
    why: 'reads the Prometheus configuration and alert rules before a cluster does',
    versionArgs: ['--version'],
    versionMin: [2, 30],
    onlyForTests: true,
    provision: { how: 'unpack', packageName: 'prometheus', suite: 'bookworm', programPath: 'usr/bin/promtool' },
  },
  {
    // Reads a compose file without an engine.
    name: 'docker-compose',
    why: 'reads the compose file of the cluster before an engine does',
    versionArgs: ['version'],
    versionMin: [2, 20],
    onlyForTests: true,
    provision: {
      how: 'unpack',
      packageName: 'docker-compose',
      suite: 'trixie',
      programPath: 'usr/libexec/docker/cli-plugins/docker-compose',
    },
  },
  {
    name: 'ssh',
    why: 'logs in to a VM',
    versionArgs: ['-V'],
    versionMin: [8, 4],
    provision: { how: 'install', packages: ['openssh-client'] },
  },
  {
    name: 'ssh-keygen',
    why: 'makes the first SSH key of a new installation',
    provision: { how: 'install', packages: ['openssh-client'] },
  },
  {
    name: 'mke2fs',
    why: 'makes the file system of the VM image without being root',
    versionArgs: ['-V'],
    versionMin: [1, 46],
    provision: { how: 'install', packages: ['e2fsprogs'] },
  },
  {
    name: 'debugfs',
    why: 'sets owners and times inside the VM image, so that the same inputs give the same bytes',
    versionArgs: ['-V'],
    versionMin: [1, 46],
    provision: { how: 'install', packages: ['e2fsprogs'] },
  },
  {
    name: 'tpm2',
    why: "quotes the host's TPM, real or simulated",
    versionArgs: ['createak', '--version'],
    versionMin: [5, 0],
    provision: { how: 'install', packages: ['tpm2-tools'] },
  },
  {
    name: 'swtpm',
    why: 'is the TPM of a simulated miner on a host without one',
    versionArgs: ['--version'],
    versionMin: [0, 7],
    provision: { how: 'install', packages: ['swtpm'] },
  },
  {
    // Says its version and exits with 1; it is built with swtpm.
    name: 'swtpm_setup',
    why: 'makes a simulated TPM with its endorsement key',
    provision: { how: 'install', packages: ['swtpm-tools'] },
  },
  {
    name: 'swtpm_localca',
    why: "signs a simulated TPM's endorsement certificate",
    provision: { how: 'install', packages: ['swtpm-tools'] },
  },
  {
    name: 'cryptsetup',
    why: 'is what our reading and writing of LUKS2 is held against',
    versionArgs: ['--version'],
    versionMin: [2, 4],
    onlyForTests: true,
    provision: { how: 'install', packages: ['cryptsetup-bin'] },
  },
  {
    name: 'setpriv',
    why: 'ends a simulated TPM with the miner it belongs to',
    provision: { how: 'system', packages: ['util-linux'] },
  },
  { name: 'apt-get', why: 'fetches Debian packages', provision: { how: 'system', packages: ['apt'] } },
  { name: 'apt-cache', why: 'names the current kernel package', provision: { how: 'system', packages: ['apt'] } },
  { name: 'dpkg-deb', why: 'unpacks Debian packages', provision: { how: 'system', packages: ['dpkg'] } },
];

/** The entry for a tool. Total: the catalogue lists every name. */
export function toolNamed(name: ToolName): Tool {
  const tool = tools.find((candidate) => candidate.name === name);
  if (tool === undefined) throw new Error(`bug: no catalogue entry for ${name}`);
  return tool;
}
