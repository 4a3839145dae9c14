import { dirname, join } from 'node:path';
import { hostBootSpecText, hostDataOf } from '#attestation';
import type { Clock } from '#events';
import { attestPortName, processorPortName } from '#guest-channel';
import {
  type Accelerator,
  type Env,
  findSystemFirmware,
  type SystemVm,
  type SystemVmHardware,
  socketDirFor,
  startSystemVm,
} from '#host';
import { type HccamImage, type HccamPlace, hccamMachine } from '#images';
import { type FrameSocket, openFrameSocket } from '../channel/frame-socket.ts';
import { limits } from '../limits.ts';
import { createReportService } from '../processor/report-service.ts';
import type { SecureProcessor } from '../processor/secure-processor.ts';
import { AttestError } from './attest-error.ts';
import { GuestSession } from './guest-session.ts';
import { Life } from './life.ts';
import type { HostMeasurements, RoundResult, RoundTerms } from './ports.ts';

/** A system VM that attests. */
export type Hccam = {
  /** Of the VM, by its own report. */
  readonly launchDigest: string;
  /** One round; rejects with AttestError. One that takes too long ends the VM. */
  attest(terms: RoundTerms): Promise<RoundResult>;
  /** Fulfilled when it is over, with the reason. */
  readonly ended: Promise<Error>;
  stop(): Promise<void>;
};

export type HccamOptions = {
  readonly minerDir: string;
  readonly minerId: string;
  readonly env: Env;
  readonly accelerator: Accelerator;
  readonly networkId: string;
  readonly image: HccamImage;
  readonly bootId: string;
  readonly measurements: HostMeasurements;
  readonly secureProcessor: SecureProcessor;
  readonly clock: Clock;
  /** Ends a VM that is still starting. */
  readonly signal: AbortSignal;
};

/** Where a miner's system VM has its files. Its QEMU is known by the miner's own id, which no VM of an owner has. */
const placeOf = ({ minerDir, minerId, env }: Pick<HccamOptions, 'minerDir' | 'minerId' | 'env'>): HccamPlace => {
  const sockets = join(socketDirFor(minerDir, env), 'hccam');
  const portOf = (name: string, file: string) => ({ name, socketPath: join(sockets, file) });
  return {
    vmId: minerId,
    pidFile: join(minerDir, 'hccam', 'qemu.pid'),
    ports: [portOf(attestPortName, 'attest.sock'), portOf(processorPortName, 'processor.sock')],
  };
};

/** Starts the system VM and promises one whose guest knows who it is. Rejects with AttestError, in the guest's own words
 *  where it had any, when it ends, misbehaves or says nothing in time; nothing of it is left then. */
export const startHccam = async (options: HccamOptions): Promise<Hccam> => {
  const { minerId: attesterId, networkId: network, bootId, image, clock } = options;
  const bootSpec = hostBootSpecText({ version: 1, network, kind: 'hccam', attesterId, bootId, image: image.digest });
  const { secureProcessor } = options;
  const snp = secureProcessor.kind === 'sev-snp' ? { ...secureProcessor.launch, hostData: hostDataOf(bootSpec) } : null;
  const firmwarePath = snp?.firmwarePath ?? (await findSystemFirmware());
  const place = { ...placeOf(options), ...(snp !== null && { snp }) };
  const hardware = hccamMachine(image, { accelerator: options.accelerator, firmwarePath }, place);
  const vm = await startSystemVm(hardware, join(dirname(hardware.pidFile), 'console.log'));
  const life = new Life(vm);
  const stopped = (): void => void life.end(new AttestError('hccam-ended', 'HCCAM was stopped as it started'));
  options.signal.addEventListener('abort', stopped, { once: true });
  if (options.signal.aborted) stopped();
  try {
    const session = await converse(vm, life, { ...options, hardware, bootSpec });
    const { launchDigest } = await life.within(
      session.ready,
      limits.hccamBootMs,
      clock,
      'HCCAM did not say that it is ready',
    );
    return {
      launchDigest,
      attest: (terms) => life.within(session.attest(terms), limits.hccamRoundMs, clock, 'HCCAM did not finish a round'),
      ended: life.ended,
      stop: () => life.end(new AttestError('hccam-ended', 'HCCAM was stopped by its host')),
    };
  } catch (error) {
    await life.end(error instanceof Error ? error : new Error(String(error)));
    throw error;
  } finally {
    options.signal.removeEventListener('abort', stopped);
  }
};

const converse = async (
  vm: SystemVm,
  life: Life,
  options: HccamOptions & { readonly hardware: SystemVmHardware; readonly bootSpec: string },
): Promise<GuestSession> => {
  const { secureProcessor, bootSpec, measurements } = options;
  const reports =
    secureProcessor.kind === 'sev-snp'
      ? null
      : await createReportService(secureProcessor, { pid: vm.process.pid, bootSpec });
  const sockets = new Map<string, FrameSocket>();
  const sendOn = (name: string) => (message: unknown) => sockets.get(name)?.send(message);
  const session = new GuestSession({ bootSpec, measurements, send: sendOn(attestPortName) });
  life.atEnd((reason) => session.end(reason));
  const handlers = new Map<string, (frame: unknown) => void>([
    [attestPortName, (frame) => session.hear(frame)],
    [processorPortName, (frame) => sendOn(processorPortName)(reports?.answer(frame))],
  ]);
  for (const { name, socketPath } of options.hardware.ports) {
    sockets.set(
      name,
      await openPort({ ...options, life, socketPath, onFrame: handlers.get(name) ?? (() => undefined) }),
    );
  }
  return session;
};

const openPort = async ({
  life,
  clock,
  socketPath,
  onFrame,
}: {
  readonly life: Life;
  readonly clock: Clock;
  readonly socketPath: string;
  readonly onFrame: (frame: unknown) => void;
}): Promise<FrameSocket> => {
  const gone = new AbortController();
  life.atEnd(() => gone.abort());
  const misbehaved = (reason: string) =>
    void life.end(new AttestError('hccam-misbehaved', `HCCAM was ended: ${reason}`));
  const socket = await openFrameSocket({
    ...{ socketPath, clock, signal: gone.signal, unreadBytesMax: limits.hccamUnreadBytesMax },
    onFrame: (frame) => {
      try {
        onFrame(frame);
      } catch (error) {
        misbehaved(error instanceof Error ? error.message : String(error));
      }
    },
    // A port closes a moment before its QEMU is gone: then the end of the process is the better explanation.
    onEnd: (reason) => void clock.sleep(limits.hccamPortGraceMs, gone.signal).then(() => misbehaved(reason)),
  });
  life.atEnd(() => socket.close());
  return socket;
};
