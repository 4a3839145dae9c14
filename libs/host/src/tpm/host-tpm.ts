import { X509Certificate } from 'node:crypto';
import { access, constants, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ensurePrivateDir } from '../dirs.ts';
import { HostError, isHostError } from '../errors.ts';
import type { Report } from '../report.ts';
import { requireTool, type ToolPlaces } from '../tools/find-tool.ts';
import { Swtpm } from './swtpm.ts';
import { makeSwtpm, type SwtpmFiles } from './swtpm-state.ts';
import { TpmCommands, type TpmServer } from './tpm-commands.ts';
import {
  activateCredential,
  attestationKey,
  endorsementIssuers,
  endorsementKey,
  type HostTpmAk,
  type HostTpmEk,
  type KeptAk,
  type TpmKeyKind,
} from './tpm-keys.ts';
import { extendPcr, type HostPcrs, type HostTpmQuote, quotePcrs, readPcrs } from './tpm-registers.ts';

/** The TPM of this host, real or simulated, one command at a time. */
export type HostTpm = {
  /** A software TPM proves nothing about the machine; whoever shows what it says shows this too. */
  readonly simulated: boolean;
  /** `/dev/tpmrm0`, or the socket of a software TPM. */
  readonly from: string;
  /** Starts of a software TPM since it was opened; after each, the registers are at their first values and want to be
   *  extended again. 1 for a real TPM. */
  readonly starts: () => number;
  readonly endorsementKey: (kind: TpmKeyKind) => Promise<HostTpmEk>;
  /** DER of the authorities above the endorsement certificate: a software TPM's with the root last; of a real one, what its
   *  maker left in it, which may be none. */
  readonly issuers: () => Promise<readonly Uint8Array[]>;
  readonly attestationKey: (kind: TpmKeyKind) => Promise<HostTpmAk>;
  readonly quote: (ak: TpmKeyKind, nonce: Uint8Array, pcrs: HostPcrs) => Promise<HostTpmQuote>;
  /** Extends a register by digests in hex, of the bank's size, in their order. After a failure some of them may be in it.
   *  `life` is what `starts` said when the registers were read that these digests go on from: refuses with
   *  `tpm-unreachable` when the TPM has died since, because they would lead a new one to a value that nobody can explain. */
  readonly extend: (bank: HostPcrs['bank'], index: number, digests: readonly string[], life: number) => Promise<void>;
  readonly readPcrs: (pcrs: HostPcrs) => Promise<HostTpmQuote['pcrs']>;
  /** The secret of a credential in the file form of tpm2-tools. */
  readonly activateCredential: (ak: TpmKeyKind, ek: TpmKeyKind, credential: Uint8Array) => Promise<Uint8Array>;
  /** Shuts a software TPM down in order; a real one stays as it is. */
  readonly close: () => Promise<void>;
};

export type HostTpmOptions = {
  /** Of this installation alone: what is remembered of its keys, and a software TPM's memory. */
  readonly dir: string;
  /** Short, for a unix socket. */
  readonly socketDir: string;
  /** `never` on a production network: no TPM is better than one that only looks so. */
  readonly simulate: 'when-absent' | 'always' | 'never';
  readonly report: Report;
  readonly places?: ToolPlaces;
  /** Only tests name another. */
  readonly device?: string;
};

/** Opens the host's TPM. Refuses with `tpm-unreachable` where there is none and none may be simulated. */
export async function openHostTpm(options: HostTpmOptions): Promise<HostTpm> {
  const device = options.device ?? '/dev/tpmrm0';
  await ensurePrivateDir(options.dir);
  const workDir = join(options.dir, 'work');
  await rm(workDir, { recursive: true, force: true });
  await mkdir(workDir, { mode: 0o700 });
  const tpm2 = await requireTool('tpm2', options.places);
  if (options.simulate !== 'always' && (await isUsable(device))) {
    const commands = new TpmCommands({ tpm2, tcti: `device:${device}`, workDir, managed: true, server: chip });
    return hostTpm(commands, options.dir, { simulated: false, from: device, starts: () => chip.starts });
  }
  if (options.simulate === 'never') {
    const message = `${device} is not there or not ours to open, and this network takes no simulated TPM: turn the TPM on in the firmware, or run as a member of the group tss`;
    throw new HostError('tpm-unreachable', message, { device });
  }
  return simulatedTpm(options, tpm2, workDir);
}

async function simulatedTpm(options: HostTpmOptions, tpm2: string, workDir: string): Promise<HostTpm> {
  const places = options.places ?? {};
  const files = await makeSwtpm(join(options.dir, 'swtpm'), options.report, places);
  const server = new Swtpm(files, options.socketDir, places);
  const commands = new TpmCommands({ tpm2, tcti: `swtpm:path=${server.socket}`, workDir, managed: false, server });
  await server.ready();
  const close = async (): Promise<void> => {
    // In this life only: one that has died is not started again to be ended.
    await commands.turn((turn) => turn.tpm2('shutdown', '-c'), server.starts).catch(ignoreRefused);
    await server.stop();
  };
  const about = { simulated: true, from: server.socket, starts: () => server.starts };
  const tpm = hostTpm(commands, options.dir, about);
  return {
    ...tpm,
    // It stores its clock when it is told to get ready for its end, and does not say so when it had no time for that: without
    // this, one whose owner is killed comes back with a clock before the last quote, which reads as a TPM that was restored.
    quote: async (...asked) => {
      const quote = await tpm.quote(...asked);
      await commands.turn((turn) => turn.tpm2('shutdown', '-c'));
      return quote;
    },
    issuers: () => issuersOf(files),
    close,
  };
}

function hostTpm(commands: TpmCommands, dir: string, about: Pick<HostTpm, 'simulated' | 'from' | 'starts'>): HostTpm {
  const kept = new Map<TpmKeyKind, Promise<KeptAk>>();
  const ak = (kind: TpmKeyKind): Promise<KeptAk> => {
    const found = kept.get(kind) ?? attestationKey(commands, dir, kind);
    kept.set(kind, found);
    // What failed once is tried again.
    found.catch(() => kept.delete(kind));
    return found;
  };
  return {
    ...about,
    endorsementKey: (kind) => endorsementKey(commands, kind),
    issuers: () => endorsementIssuers(commands),
    attestationKey: async (kind) => {
      const { name, publicArea } = await ak(kind);
      return { kind, name, publicArea };
    },
    quote: async (kind, nonce, pcrs) => quotePcrs(commands, await ak(kind), nonce, pcrs, about.simulated),
    extend: (bank, index, digests, life) => extendPcr(commands, { bank, index, digests, life }),
    readPcrs: (pcrs) => readPcrs(commands, pcrs),
    activateCredential: async (kind, ek, credential) => activateCredential(commands, await ak(kind), ek, credential),
    close: async () => undefined,
  };
}

const chip: TpmServer = { ready: async () => undefined, isUp: async () => true, starts: 1 };

async function issuersOf(files: SwtpmFiles): Promise<readonly Uint8Array[]> {
  const texts = await Promise.all([files.issuerFile, files.rootFile].map((file) => readFile(file)));
  return texts.map((text) => new X509Certificate(text).raw);
}

async function isUsable(device: string): Promise<boolean> {
  return access(device, constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
}

function ignoreRefused(error: unknown): void {
  if (!isHostError(error)) throw error;
}
