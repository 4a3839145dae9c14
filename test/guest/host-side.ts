import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { hostDataOf, type SimulatedChip } from '#attestation';
import { encodeFrame, FrameDecoder, parseProcessorRequest } from '#guest-channel';
import { readLaunchInputs } from '#host';
import { simulatedProcessor } from '#simulated-processor';

/** A chip of a simulated processor, and the certificates (base64) that its network gave it. */
export type Chip = {
  readonly chip: SimulatedChip;
  readonly certificates: { readonly vek: string; readonly ask: string; readonly ark: string };
};

/** What signs reports of a QEMU that runs: over its own files, as they were when it started. */
export const processorOf = async (
  { chip, certificates }: Chip,
  vm: { readonly pid: number; readonly bootSpec: string },
) => {
  const measurement = Buffer.from(simulatedProcessor.launchDigest(await readLaunchInputs(vm.pid)), 'hex');
  const terms = { measurement, hostData: hostDataOf(vm.bootSpec), reportId: randomBytes(32) };
  return (frame: unknown): unknown => {
    const { exchange, reportData } = parseProcessorRequest(frame);
    const report = simulatedProcessor.signReport(chip, { ...terms, reportData: Buffer.from(reportData, 'base64') });
    return { version: 1, type: 'report', exchange, report: Buffer.from(report).toString('base64'), certificates };
  };
};

export type PortEnd = { send(message: unknown): void; close(): void };

/** The host's end of a port, once QEMU offers it. */
export const openPortEnd = async (path: string, onFrame: (frame: unknown) => void): Promise<PortEnd> => {
  const socket = await connectPatiently(path);
  const decoder = new FrameDecoder();
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => {
    for (const frame of decoder.push(chunk)) onFrame(frame);
  });
  return {
    send: (message) => void socket.write(encodeFrame(message)),
    close: () => void socket.destroy(),
  };
};

const connectPatiently = async (path: string): Promise<Socket> => {
  for (let triesLeft = 200; ; triesLeft -= 1) {
    const socket = connect(path);
    const found = await new Promise<Error | null>((resolve) => {
      socket.once('error', resolve);
      socket.once('connect', () => resolve(null));
    });
    if (found === null) return socket;
    if (triesLeft === 0) throw found;
    await pause(20);
  }
};
