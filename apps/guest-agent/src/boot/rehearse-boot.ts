import { guestBootSpecText, guestCommandLine, hostDataOf } from '#attestation';
import { parseVmGuestMessage, type VmHostMessage } from '#guest-channel';
import { hybridSuite, rehearseOpening } from '#sealing';
import type { ReportProvider } from '../report/report-provider.ts';
import { commandsWithin } from './commands.ts';
import { countBoot } from './counter.ts';
import { hostOn } from './host.ts';
import { takeVmIdentity } from './identity.ts';
import { parseVmKernelLine } from './kernel-line.ts';
import type { Link } from './link.ts';
import { openByCopy, seeHeadOf } from './open-head.ts';
import { placeAccess } from './place-access.ts';
import { askWithProof } from './prove.ts';

/**
 * Goes once through what the agent does at every boot, as a machine that is none, while its snapshot is made: the code is
 * compiled there and not in each guest. Everything in it is the same wherever it is made: it draws no randomness, reads no
 * clock and nothing of the building machine, and its keys are known to everybody and trusted by nobody.
 */
export const rehearseBoot = async (): Promise<void> => {
  const { networkId, vmId, generation, bootId, nonce } = boot;
  const line = guestCommandLine({ networkId, kind: 'simulated', networkKey: new Uint8Array(32), base });
  const kernel = parseVmKernelLine(line);
  const nothing = (): void => undefined;
  const host = hostOn(nobody(), { uptimeMs: () => 0, onNoise: nothing });
  const spec = await host.hello('guest/1')();
  const identity = await takeVmIdentity(spec, kernel, provider, (count) => new Uint8Array(count));
  const clock = { uptimeMs: () => 0, pause: async () => undefined };
  const parts = { ...clock, host, identity, provider, agentVersion: 'guest/1', say: nothing };
  const key = new Uint8Array(32);
  const claim = { purpose: 'vm-key', binding: key, suite: hybridSuite, key, boot: null } as const;
  await askWithProof(parts, claim, async (proof) => host.ask('release', proof));
  await host.stage('opening');
  await rehearseOpening({ networkId, vmId, generation, bootId, nonce });
  // Without a timer: when it would have ended would stay.
  await commandsWithin(0).run('true', []);
  // Files go where the snapshot is made, a directory that goes with the making.
  countBoot('rehearsal', { mode: 'unlock', minCounter: 0, counter: 1 });
  const nowhere = { device: '', name: '', code: '', copyAt: 'rehearsal/head' };
  await openByCopy({ run: async () => undefined }, { ...nowhere, head: new Uint8Array(4_096), key });
  seeHeadOf('rehearsal/var/lib/hcc/boot-counter', 'volume', { deviceBytes: 0, integrity: 'none' });
  placeAccess('rehearsal', { hostname: 'nobody', authorizedKeys: [] });
};

const boot = {
  networkId: '00000000-0000-4000-8000-000000000001',
  vmId: '00000000-0000-4000-8000-000000000002',
  generation: 1,
  bootId: '00000000-0000-4000-8000-000000000003',
  nonce: Buffer.alloc(32).toString('base64'),
};
const base = { rootHash: '00'.repeat(32), salt: '', dataBlocks: 1 };
const bootSpec = guestBootSpecText({
  ...{ version: 1, kind: 'vm', network: boot.networkId, vmId: boot.vmId, generation: 1, bootId: boot.bootId },
  ...{ image: `sha256:${'00'.repeat(32)}`, integrity: 'none' },
});

/** A host that answers at once, with what an honest one would. */
const nobody = (): Link => {
  const answers: VmHostMessage[] = [];
  const { nonce, networkId } = boot;
  const challenge = { nonce, expiresAt: 1, networkId, networkKind: 'simulated' };
  const appraisal = { tier: 'affirming', refusals: [], result: 'none' };
  return {
    send: async (frame) => {
      const message = parseVmGuestMessage(frame);
      if (message.type === 'hello') answers.push({ version: 1, type: 'boot', bootSpec });
      if (message.type !== 'ask') return true;
      const { exchange, what } = message;
      const body = JSON.stringify(what === 'challenge' ? challenge : appraisal);
      answers.push({ version: 1, type: 'answer', exchange, body });
      return true;
    },
    next: async () => answers.shift() ?? null,
    connections: () => 1,
  };
};

/** Reports that nobody signed, which bind what they must. */
const provider: ReportProvider = {
  name: 'simulated',
  report: async (reportData) => {
    const report = new Uint8Array(1_184);
    report.set(reportData, 0x50);
    report.set(hostDataOf(bootSpec), 0xc0);
    return { report, certificates: null };
  },
};
