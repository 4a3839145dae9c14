import { createHash, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { guestBootSpecText } from '#attestation';
import { parseVmGuestMessage, type VmGuestMessage } from '#guest-channel';
import { killQemu, type RunningVm, type SealedVmHardware, startQemu } from '#host';
import { openPortEnd, type PortEnd, processorOf } from './host-side.ts';
import { expectedOf, hardwareOf, type Scenery } from './machine.ts';
import { type KnownVm, Refused } from './network-side.ts';

type Ask = Extract<VmGuestMessage, { readonly type: 'ask' }>;
type Answer = () => Promise<unknown>;
type BootName = { readonly generation: number; readonly bootId: string };

/** What a test changes of an honest host and network. */
export type Changes = {
  /** In place of the honest answer to a question; `honest` gives that one. */
  readonly answer?: (ask: Ask, honest: Answer, boot: BootName) => Promise<unknown>;
  /** In the place of the VM's own volume. */
  readonly volumePath?: string;
  readonly basePath?: string;
  readonly treePath?: string;
  /** What the host starts in place of what the network expects. */
  readonly start?: (honest: SealedVmHardware) => SealedVmHardware;
  /** What the host hands over in place of the boot spec. */
  readonly bootSpec?: (honest: string) => string;
};

/** One boot of a VM on an emulated machine, and its host. */
export type Boot = {
  readonly sshPort: number;
  readonly bootId: string;
  readonly generation: number;
  readonly guestKeySha256: () => string;
  readonly said: readonly VmGuestMessage[];
  /** Fulfilled with what the guest says when it is ready; rejected with its last words. */
  readonly ready: Promise<Extract<VmGuestMessage, { readonly type: 'ready' }>>;
  /** Fulfilled when QEMU is gone, with all that its console said. */
  readonly ended: Promise<string>;
  console(): Promise<string>;
  send(message: unknown): void;
  /** The host's agent dies and another comes. */
  restartHost(awayMs: number): Promise<void>;
  kill(): Promise<void>;
};

/** Starts a VM as a host does and answers its questions as the network does, but for what `changes` says. */
export const bootVm = async (scenery: Scenery, vm: KnownVm, changes: Changes = {}): Promise<Boot> => {
  const { network, chip } = scenery;
  const generation = 1;
  const bootId = randomUUID();
  const bootSpec = guestBootSpecText({
    ...{ version: 1, kind: 'vm', network: network.networkId, vmId: vm.vmId, generation, bootId },
    ...{ image: `sha256:${'0'.repeat(64)}`, integrity: vm.integrity },
  });
  const hardware = await hardwareOf(scenery, vm, changes);
  const { expected, policy } = await expectedOf(scenery, hardware, { ...vm, generation, bootId, bootSpec });
  // The log goes on from boot to boot.
  const consoleText = () => readFile(hardware.files.serialLog, 'latin1').catch(() => '');
  const before = (await consoleText()).length;
  const running = await startQemu(changes.start?.(hardware) ?? hardware);
  const report = await processorOf(chip, { pid: running.process.pid, bootSpec });
  const said: VmGuestMessage[] = [];
  const {
    promise: ready,
    resolve,
    reject,
  } = Promise.withResolvers<Extract<VmGuestMessage, { readonly type: 'ready' }>>();
  ready.catch(() => undefined);
  let guestKey = '';
  const guestKeySha256 = () => createHash('sha256').update(Buffer.from(guestKey, 'base64')).digest('hex');

  const honest = async (ask: Ask): Promise<unknown> => {
    const body = JSON.parse(ask.body);
    if (ask.what === 'challenge') return network.challenge();
    if (ask.what === 'evidence') return network.evidence(body.evidence, expected, policy);
    if (ask.what === 'release') {
      guestKey = body.guestKey;
      return { message: await network.release(vm, { generation, bootId }, body) };
    }
    return { message: network.confirm(vm, { generation, bootId, guestKeySha256: guestKeySha256() }, body) };
  };
  const answerTo = async (ask: Ask): Promise<unknown> => {
    const { exchange } = ask;
    try {
      const own = () => honest(ask);
      const body = await (changes.answer === undefined ? own() : changes.answer(ask, own, { generation, bootId }));
      return body === undefined ? null : { version: 1, type: 'answer', exchange, body: JSON.stringify(body) };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return {
        version: 1,
        type: 'refused',
        exchange,
        code: error.code,
        words: error.message,
        retryInMs: error.retryInMs,
      };
    }
  };
  const answered = new Map<number, Promise<unknown>>();
  const hear = (frame: unknown, send: (message: unknown) => void): void => {
    const message = parseVmGuestMessage(frame);
    said.push(message);
    if (message.type === 'hello') {
      send({ version: 1, type: 'boot', bootSpec: changes.bootSpec?.(bootSpec) ?? bootSpec });
    } else if (message.type === 'ask') {
      const answer = answered.get(message.exchange) ?? answerTo(message);
      answered.set(message.exchange, answer);
      void answer.then((text) => (text === null ? answered.delete(message.exchange) : send(text)), reject);
    } else if (message.type === 'ready') resolve(message);
    else if (message.type === 'stopped') reject(new Error(`${message.code}: ${message.words}`));
  };

  const ports = new Map<string, PortEnd>();
  const connect = async (): Promise<void> => {
    const sendOn = (path: string) => (message: unknown) => ports.get(path)?.send(message);
    const { guestSocket, chipSocket } = hardware.files;
    ports.set(guestSocket, await openPortEnd(guestSocket, (frame) => hear(frame, sendOn(guestSocket))));
    ports.set(chipSocket, await openPortEnd(chipSocket, (frame) => sendOn(chipSocket)(report(frame))));
  };
  const disconnect = (): void => {
    for (const port of ports.values()) port.close();
    ports.clear();
    answered.clear();
  };
  await connect();
  return {
    ...{
      sshPort: hardware.sshPort,
      bootId,
      generation,
      guestKeySha256,
      said,
      ready,
      console: async () => (await consoleText()).slice(before),
    },
    ended: endOf(running).then(async () => {
      const text = (await consoleText()).slice(before);
      reject(new Error(`ended: ${text.slice(-2_000)}`));
      return text;
    }),
    send: (message) => ports.get(hardware.files.guestSocket)?.send(message),
    restartHost: async (awayMs) => {
      disconnect();
      await pause(awayMs);
      await connect();
    },
    kill: async () => {
      disconnect();
      await killQemu(vm.vmId, hardware.files);
      await running.exited;
    },
  };
};

const endOf = async (running: RunningVm): Promise<void> => {
  await running.exited;
};
