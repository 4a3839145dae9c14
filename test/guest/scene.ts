import { createPublicKey, randomBytes, randomUUID } from 'node:crypto';
import { appendFile, copyFile, mkdir, mkdtemp, open, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createSystemClock } from '#adapters/system';
import type { SimulatedRoot } from '#attestation';
import { findTool, hccDirs, requireTool, run, silent, vmFiles } from '#host';
import { buildGuestBootImage, buildTinyImage } from '#images';
import { simulatedProcessor } from '#simulated-processor';
import { sshFixture } from '../../libs/images/src/ssh.fixture.ts';
import { rootForSpecs } from '../../libs/simulated-processor/src/root.fixture.ts';
import type { Chip } from './host-side.ts';
import type { Scenery } from './machine.ts';
import { type KnownVm, NetworkSide } from './network-side.ts';
import { encryptedImage, verified } from './scene-images.ts';
import { type Boot, bootVm, type Changes } from './sealed-vm.ts';

/** One network, one host and the machine images they use, for a whole spec. */
export type Scene = {
  readonly scenery: Scenery;
  /** A VM that has never booted, with its empty volume. */
  newVm(integrity?: KnownVm['integrity'], diskBytes?: number): Promise<KnownVm>;
  volumeOf(vm: KnownVm): string;
  boot(vm: KnownVm, changes?: Changes): Promise<Boot>;
  readonly owner: readonly string[];
  /** The volume as it is now, for an attacker to change. */
  copyOfVolume(vm: KnownVm): Promise<string>;
  copyOfBase(): Promise<string>;
  copyOfTree(): Promise<string>;
  /** A first RAM disk that differs in what nothing reads. */
  otherInitrd(): Promise<string>;
  /** What somebody with the disk can do to its header; with a VM's key, as far as a key is needed. */
  cryptsetup(vm: KnownVm, what: 'luksAddKey' | 'luksFormat', volumePath: string): Promise<void>;
  /** What a command prints in the VM, to an owner who pinned this host key. */
  ssh(boot: Boot, sshHostKey: string, command: string): Promise<string>;
  close(): Promise<void>;
};

const tools = ['qemu-system-x86_64', 'cryptsetup', 'ssh', 'ssh-keygen'] as const;

/** What is not on this machine, by name; '' when all is there. */
export const missingTools = async (): Promise<string> => {
  const found = await Promise.all(tools.map((name) => findTool(name)));
  return found.flatMap((tool) => (tool.kind === 'missing' ? [tool.wanted] : [])).join(', ');
};

const clock = createSystemClock();
const mebibyte = 1024 * 1024;

/** Where `imageKey` is given, its base image is a private one, encrypted with that. */
export const openScene = async ({ imageKey }: { readonly imageKey?: Uint8Array } = {}): Promise<Scene> => {
  const dir = await mkdtemp(join(tmpdir(), 'hcc-g-'));
  const { cacheDir } = hccDirs(process.env, process.cwd());
  const boot = await buildGuestBootImage({ cacheDir, kind: 'simulated', report: silent });
  const image = await buildTinyImage({ cacheDir, report: silent });
  const root = await rootForSpecs();
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'owner@test', '-f', join(dir, 'id')]);
  const owner = [(await readFile(join(dir, 'id.pub'), 'utf8')).trim()];
  const { chipId, ...chip } = await chipOf(root);
  const network = new NetworkSide({ root, chipId, owner });
  const encrypted = imageKey && (await encryptedImage(dir, image.rootfsPath, imageKey));
  const scenery = { dir, network, chip, boot, ...(await verified(dir, encrypted?.path ?? image.rootfsPath)) };
  const boots: Boot[] = [];
  const volumeOf = (vm: KnownVm): string => vmFiles({ stateDir: dir, vmId: vm.vmId, env: {} }).volume;
  let copies = 0;
  const copyOf = async (path: string): Promise<string> => {
    copies += 1;
    const to = join(dir, `copy-${copies}`);
    await copyFile(path, to);
    return to;
  };
  const person = sshFixture(dir, 'root');
  return {
    scenery,
    volumeOf,
    newVm: async (integrity = 'none', diskBytes = 97 * mebibyte) => {
      const vm = {
        ...{ vmId: randomUUID(), volumeKey: randomBytes(64), integrity, headerSha256: null, counter: 0, highest: 0 },
        ...(encrypted && { image: encrypted.image }),
      };
      await mkdir(dirname(volumeOf(vm)), { recursive: true });
      await writeFile(volumeOf(vm), '');
      await truncate(volumeOf(vm), diskBytes);
      return vm;
    },
    boot: async (vm, changes) => {
      const booted = await bootVm(scenery, vm, changes);
      boots.push(booted);
      return booted;
    },
    owner,
    copyOfVolume: (vm) => copyOf(volumeOf(vm)),
    copyOfBase: () => copyOf(scenery.basePath),
    copyOfTree: () => copyOf(scenery.treePath),
    otherInitrd: async () => {
      const path = await copyOf(boot.initrdPath);
      await appendFile(path, new Uint8Array(512));
      return path;
    },
    cryptsetup: async ({ volumeKey }, what, volumePath) => {
      const keyPath = join(dir, 'key');
      await writeFile(keyPath, volumeKey, { mode: 0o600 });
      const cost = [
        '--pbkdf',
        'argon2id',
        '--pbkdf-force-iterations',
        '4',
        '--pbkdf-memory',
        '32768',
        '--pbkdf-parallel',
        '1',
      ];
      const form = [
        '--type',
        'luks2',
        '--luks2-metadata-size',
        '16k',
        '--luks2-keyslots-size',
        '512k',
        '--offset',
        '2048',
      ];
      const how =
        what === 'luksFormat'
          ? [...form, '--cipher', 'aes-xts-plain64', '--sector-size', '4096', volumePath]
          : [volumePath, join(dir, 'id.pub')];
      const args = [what, '--batch-mode', '--key-file', keyPath, ...cost, ...how];
      await run(await requireTool('cryptsetup'), args, { timeoutMs: 60_000 });
    },
    ssh: async (booted, sshHostKey, command) => {
      await person.pin(booted.sshPort, { publicKey: sshHostKey, fingerprint: '' });
      return person.ssh(booted.sshPort, command);
    },
    close: async () => {
      for (const booted of boots) await booted.kill();
      await rm(dir, { recursive: true, force: true });
    },
  };
};

/** The words a VM ended with, of its console; it is gone then. */
export const lastWords = async (boot: Boot): Promise<string> =>
  /STOPPED ([^\r\n]*)/.exec(await boot.ended)?.[1] ?? 'none';

/** Writes over a part of a file, as a host can. */
export const changeBytes = async (path: string, at: number, bytes: Uint8Array): Promise<void> => {
  const file = await open(path, 'r+');
  try {
    await file.write(bytes, 0, bytes.length, at);
  } finally {
    await file.close();
  }
};

/** A chip of a simulated processor, with its certificates. */
const chipOf = async (root: SimulatedRoot): Promise<Chip & { readonly chipId: string }> => {
  const key = await simulatedProcessor.generateChipKey();
  const publicKeySpki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const tcb = { bootloader: 10, tee: 0, snp: 27, microcode: 222 };
  const dates = { notBeforeMs: clock.now() - 60_000, notAfterMs: clock.now() + 3_600_000 };
  const [vcek, ask, ark] = [
    simulatedProcessor.issueVcek(root, { publicKeySpki, tcb, ...dates }),
    root.ask,
    root.ark,
  ].map((der) => Buffer.from(der).toString('base64'));
  return {
    chip: { product: root.product, key, tcb },
    certificates: { vek: vcek ?? '', ask: ask ?? '', ark: ark ?? '' },
    chipId: Buffer.from(simulatedProcessor.chipIdOf(publicKeySpki)).toString('hex'),
  };
};
