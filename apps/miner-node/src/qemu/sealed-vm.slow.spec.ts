import { stat } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSystemClock } from '#adapters/system';
import { guestBootSpecText } from '#attestation';
import type { DesiredSpec, VmId } from '#domain';
import { GuestRefused } from '#events';
import { killQemu, vmFiles } from '#host';
import { simulatedProcessor } from '#simulated-processor';
import { expectedOf, hardwareOf } from '../../../../test/guest/machine.ts';
import { type KnownVm, Refused } from '../../../../test/guest/network-side.ts';
import { missingTools, openScene, type Scene } from '../../../../test/guest/scene.ts';
import { spec as specOf } from '../../../../test/miner-node/converge-samples.ts';
import { createGuestDesk, type GuestDesk } from '../guest/guest-desk.ts';
import type { GuestSaid, Machine, StartPlan } from '../ports/hypervisor.ts';
import { createQemuHypervisor } from './qemu-hypervisor.ts';

const missing = await missingTools();
const noTools = missing === '' ? '' : ` (skipped: no ${missing})`;
const mebibyte = 1024 * 1024;

/** A boot as the network settled it, and what the miner is told of it. */
type Settled = {
  readonly spec: DesiredSpec;
  readonly desk: GuestDesk;
  readonly asked: string[];
  readonly sealed: NonNullable<StartPlan['sealed']>;
};

describe.skipIf(missing !== '')(`a sealed VM under a miner's hypervisor${noTools}`, () => {
  let scene: Scene;
  const started: string[] = [];

  beforeAll(async () => {
    scene = await openScene();
  }, 120_000);
  afterAll(async () => {
    const { dir } = scene.scenery;
    for (const vmId of started) await killQemu(vmId, vmFiles({ stateDir: dir, vmId, env: {} }));
    await scene.close();
  });

  const settle = async (vm: KnownVm, generation: number, diskBytes: number): Promise<Settled> => {
    const { network, chip } = scene.scenery;
    const bootId = `00000000-0000-4000-8000-00000000000${generation}`;
    const bootSpec = guestBootSpecText({
      ...{ version: 1, kind: 'vm', network: network.networkId, vmId: vm.vmId, generation, bootId },
      ...{ image: `sha256:${'0'.repeat(64)}`, integrity: 'none' },
    });
    const { boot } = await hardwareOf(scene.scenery, vm, {});
    const { expected, policy } = await expectedOf(scene.scenery, await hardwareOf(scene.scenery, vm, {}), {
      ...{ vmId: vm.vmId, generation, bootId, bootSpec },
    });
    const asked: string[] = [];
    let guestKey = '';
    const answers: Readonly<Record<string, (message: string) => unknown>> = {
      'guest-challenge': () => network.challenge(),
      'guest-evidence': (message) => network.evidence(JSON.parse(message).evidence, expected, policy),
      release: async (message) => {
        guestKey = JSON.parse(message).guestKey;
        return { message: await network.release(vm, { generation, bootId }, JSON.parse(message)) };
      },
      confirm: async (message) => {
        const digest = await crypto.subtle.digest('SHA-256', Buffer.from(guestKey, 'base64'));
        const guestKeySha256 = Buffer.from(digest).toString('hex');
        return { message: network.confirm(vm, { generation, bootId, guestKeySha256 }, JSON.parse(message)) };
      },
    };
    const answer = async (what: string, message: unknown) => {
      asked.push(what);
      try {
        return JSON.parse(JSON.stringify(await answers[what]?.(JSON.stringify(message))));
      } catch (error) {
        throw error instanceof Refused ? new GuestRefused(error.code, error.message, error.retryInMs) : error;
      }
    };
    const { vek: vcek, ask, ark } = chip.certificates;
    const desk = createGuestDesk();
    desk.connect({
      ...{ attestation: { ask: answer }, guests: { ask: answer } },
      openSecureProcessor: async () => ({
        ...{ kind: 'simulated', processor: simulatedProcessor, chip: chip.chip, certificates: { vcek, ask, ark } },
      }),
    });
    const size = { vcpus: 1, memoryBytes: 512 * mebibyte, diskBytes };
    const { cmdline, ...files } = boot;
    const spec = specOf({ vmId: vm.vmId as VmId, generation, size, sshPublicKeys: [], keysVersion: 1 });
    return { spec, desk, asked, sealed: { bootSpec, cmdline, boot: files } };
  };

  /** An agent: a hypervisor of its own over the same directory. */
  const agent = async ({ desk }: Settled) => {
    const logged: string[] = [];
    const log = (_level: string, message: string, fields?: unknown) =>
      void logged.push(`${message} ${JSON.stringify(fields)}`);
    const { dir: minerDir } = scene.scenery;
    const hypervisor = await createQemuHypervisor({
      minerDir,
      env: {},
      snpFirmware: null,
      desk,
      clock: createSystemClock(),
      log,
    });
    return { hypervisor, logged };
  };

  const welcome = (machine: Machine, { sealed }: Settled): Promise<Extract<GuestSaid, { kind: 'ready' }>> => {
    const { promise, resolve, reject } = Promise.withResolvers<Extract<GuestSaid, { kind: 'ready' }>>();
    machine.welcome({ kind: 'sealed', bootSpec: sealed.bootSpec, isReady: false, envelope: null }, (said) =>
      said.kind === 'ready' ? resolve(said) : reject(new Error(JSON.stringify(said))),
    );
    void machine.exited.then((exit) => reject(new Error(JSON.stringify(exit))));
    return promise;
  };

  const start = async (settled: Settled) => {
    const { hypervisor, logged } = await agent(settled);
    const { basePath: rootfsPath, treePath } = scene.scenery;
    const image = { kernelPath: '/none', initrdPath: '/none', cmdline: '', rootfsPath, treePath };
    const sshPort = await hypervisor.choosePort(null);
    const run = await hypervisor.start({ spec: settled.spec, sealed: settled.sealed, image, sshPort });
    if (run.kind !== 'running') throw new Error(JSON.stringify(run));
    started.push(settled.spec.vmId);
    return { machine: run.machine, logged };
  };

  test('given a new volume / when the agent is replaced while the guest waits, and the volume grows for the next boot / then both boots come up, and only the disk is counted', async () => {
    const vm = await scene.newVm();
    const first = await settle(vm, 1, 128 * mebibyte);
    await (await agent(first)).hypervisor.createDisk(vm.vmId, { kind: 'volume' }, first.spec.size.diskBytes);
    expect((await stat(scene.volumeOf(vm))).blocks, 'it takes no room yet').toBe(0);

    const { machine } = await start(first);
    welcome(machine, first).catch(() => undefined);
    await expect.poll(() => first.asked.includes('release'), { timeout: 60_000 }).toBe(true);
    expect(machine.isAsking(), 'ended at once if it shall stop now').toBe(true);
    machine.release();
    const next = await agent(first);
    const adopted = await next.hypervisor.adopt(vm.vmId);
    if (adopted === null) throw new Error('the VM is gone');
    const ready = await welcome(adopted, first);
    expect(ready).toMatchObject({ keysVersion: 1, sshHostKey: expect.stringMatching(/^ssh-ed25519 /) });
    expect(adopted.isAsking(), 'asked to power off from now on').toBe(false);
    const { usage } = await adopted.counters();
    expect(usage.diskWrittenBytes, 'the image was filled in').toBeGreaterThan(10 * mebibyte);
    expect(usage.diskReadBytes, 'and reading the image was not counted').toBeLessThan(10 * mebibyte);
    adopted.pressPower();
    expect(await adopted.exited).toMatchObject({ reason: 'guest-shutdown' });

    const second = await settle(vm, 2, 192 * mebibyte);
    const { hypervisor } = await agent(second);
    await hypervisor.growDisk(vm.vmId, 'volume', second.spec.size.diskBytes);
    const again = await start(second);
    expect(await welcome(again.machine, second)).toMatchObject({ sshHostKey: ready.sshHostKey });
    expect(again.logged.join('\n')).toContain('"stage":"opening"');
    expect(second.asked).toEqual([
      'guest-challenge',
      'guest-evidence',
      'release',
      'guest-challenge',
      'guest-evidence',
      'confirm',
    ]);
  }, 180_000);

  test('given a guest that is told to start as another VM / when it looks at its report / then it ends, and its last words come before its exit', async () => {
    const vm = await scene.newVm();
    const settled = await settle(vm, 1, 128 * mebibyte);
    const { machine } = await start(settled);
    const heard: string[] = [];
    machine.welcome(
      {
        kind: 'sealed',
        bootSpec: settled.sealed.bootSpec.replace(/"generation":1/, '"generation":01'),
        isReady: false,
        envelope: null,
      },
      (said) => heard.push(said.kind === 'failed' ? `${said.code} ${said.detail}` : said.kind),
    );
    await machine.exited;
    expect(heard).toEqual([expect.stringMatching(/^guest-stopped [a-z-]+: /)]);
    // A challenge is asked for before the report is looked at, and is worth nothing by itself (ADR-0051).
    const asked = settled.asked.filter((what) => what !== 'guest-challenge');
    expect(asked, 'it asked for nothing that is worth anything').toEqual([]);
  }, 60_000);
});
