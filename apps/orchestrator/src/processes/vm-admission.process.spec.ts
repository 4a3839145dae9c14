import { describe, expect, test } from 'vitest';
import { type AccountId, type VmId, vm } from '#domain';
import { aggregates, readWholeStream, streamName } from '#events';
import { type Bench, createBench } from '../../../../test/conformance/bench.ts';
import { describeProcess, runProcess, type Story } from '../../../../test/conformance/process.ts';
import { decodeKnown } from './decoded.ts';
import { holdIdOf, vmAdmission } from './vm-admission.process.ts';

const hold: Story = async (bench, run) => {
  await bench.request(await bench.account(20n));
  await run();
};
const refuse: Story = async (bench, run) => {
  await bench.request(await bench.account(5n));
  await run();
};
const release: Story = async (bench, run) => {
  const vmId = await bench.request(await bench.account(20n));
  await run();
  await bench.vm(vmId, { type: 'TerminateVm' });
  await run();
};
const terminatedFirst: Story = async (bench, run) => {
  const vmId = await bench.request(await bench.account(20n));
  await bench.vm(vmId, { type: 'TerminateVm' });
  await run();
};

describeProcess(vmAdmission, { hold, refuse, release, 'terminated before the hold': terminatedFirst });

describe('admission', () => {
  const only = async (story: Story) => {
    const bench = createBench();
    await story(bench, () => runProcess(vmAdmission, bench));
    const streams = (await bench.log()).map(({ stream }) => stream);
    const of = (category: string) => streams.find((stream) => stream.startsWith(`${category}-`)) ?? '';
    return { bench, vm: of('vm'), account: of('account') };
  };

  test('given enough credits, when a VM is requested, then its first hour is held and it is admitted', async () => {
    const { bench, vm, account } = await only(hold);
    expect(await bench.types(account)).toEqual(['AccountOpened', 'CreditsDeposited', 'CreditsHeld']);
    expect(await bench.types(vm)).toEqual(['VmRequested', 'VmAdmitted']);
    expect((await bench.log()).at(-1)).toMatchObject({
      actor: 'process:vm-admission',
      data: { holdId: holdIdOf(vm.slice('vm-'.length) as VmId) },
    });
  });

  test('given 5 credits where 10 are needed, then nothing is held and the refusal names both and the fix', async () => {
    const { bench, vm, account } = await only(refuse);
    expect(await bench.types(account)).toEqual(['AccountOpened', 'CreditsDeposited', 'HoldRefused']);
    expect((await bench.log()).at(-1)).toMatchObject({
      stream: vm,
      type: 'VmRefused',
      data: {
        code: 'insufficient-credits',
        detail: expect.stringMatching(/5 credits are available and 10 credits are needed.*deposit credits/),
      },
    });
  });

  test('given an admitted VM, when it is terminated, then its hold is released whole', async () => {
    const { bench, account } = await only(release);
    expect(await available(bench, account.slice('account-'.length) as AccountId)).toEqual({
      available: 20_000_000n,
      held: 0n,
    });
  });

  test('given a VM terminated before its hold came, when it comes, then it is released at once', async () => {
    const { bench, vm: stream, account } = await only(terminatedFirst);
    expect((await bench.types(account)).slice(-2)).toEqual(['CreditsHeld', 'HoldReleased']);
    expect(await bench.types(stream)).toEqual(['VmRequested', 'VmTerminationRequested', 'VmTerminated']);
  });

  test('given a VM whose request this build could not read, when its hold comes, then the VM is asked and keeps it', async () => {
    const { bench } = await only(hold);
    const held = (await bench.log()).find(({ type }) => type === 'CreditsHeld');
    if (held === undefined) throw new Error('no hold was made');
    expect(vmAdmission.react(new Map(), decodeKnown(held)).map(({ step }) => step)).toEqual(['admit']);
  });

  test('given 40 VMs for credits that carry fewer, then holds never pass what there is', async () => {
    const bench = createBench();
    const accountId = await bench.account(11n);
    const vmIds = await Promise.all(Array.from({ length: 10 }, () => bench.request(accountId, 'medium')));
    await runProcess(vmAdmission, bench);
    const { available: left, held } = await available(bench, accountId);
    expect(left + held).toBe(11_000_000n);
    const states = await Promise.all(vmIds.map(async (vmId) => (await foldVm(bench, vmId))?.observed));
    expect(new Set(states)).toEqual(new Set(['awaiting-placement', 'refused']));
  });
});

const available = async (bench: Bench, accountId: AccountId) => {
  const { codec, decider } = aggregates.account;
  const history = await readWholeStream(bench.store, streamName('account', accountId));
  const state = history.map((event) => codec.decode(event)).reduce(decider.evolve, decider.initial);
  return { available: state?.available ?? 0n, held: state?.held ?? 0n };
};

const foldVm = async (bench: Bench, vmId: VmId) => {
  const history = await readWholeStream(bench.store, streamName('vm', vmId));
  return history.map((event) => aggregates.vm.codec.decode(event)).reduce(vm.evolve, vm.initial);
};
