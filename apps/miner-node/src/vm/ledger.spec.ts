import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { VmUsage } from '#events';
import { bootNumber, vmId } from '../../../../test/miner-node/converge-samples.ts';
import { runningHost } from '../../../../test/miner-node/toy-host.ts';
import { decodeLedger, emptyLedger, encodeLedger, noUsage, total, withReading } from './ledger.ts';

const usage: fc.Arbitrary<VmUsage> = fc
  .record({ cpuTimeMs: fc.nat(), uptimeMs: fc.nat(), diskReadBytes: fc.nat(), diskWrittenBytes: fc.nat() })
  .map((some) => ({ ...noUsage, ...some }));
const readings = fc.array(fc.record({ bootEpoch: fc.nat({ max: 5 }), usage }), { maxLength: 30 });
const values = (of: VmUsage): readonly number[] => Object.values(of);

describe('what a VM has used', () => {
  test('given any looks, older boots and smaller figures among them / then no total ever falls, and it survives the disk', () =>
    fc.assert(
      fc.property(readings, (looks) => {
        let ledger = emptyLedger;
        for (const look of looks) {
          const before = values(total(ledger));
          ledger = withReading(ledger, look.bootEpoch, look.usage);
          const fell = values(total(ledger)).filter((value, index) => value < (before[index] ?? 0));
          expect(fell).toEqual([]);
          expect(decodeLedger('usage.json', encodeLedger(ledger))).toEqual(ledger);
        }
      }),
    ));

  test('given two boots / when both are over / then the total is their sum, and the newest is told by itself', () => {
    const one = { ...noUsage, cpuTimeMs: 100, diskReadBytes: 7 };
    const two = { ...noUsage, cpuTimeMs: 30 };
    const ledger = withReading(withReading(emptyLedger, 1, one), 2, two);
    expect(ledger.boot).toEqual({ bootEpoch: 2, usage: two });
    expect(total(ledger)).toEqual({ ...noUsage, cpuTimeMs: 130, diskReadBytes: 7 });
  });

  test.each(['', '{}', '{"version":2}', '{"version":1,"ended":{},"boot":null}', '[1'])(
    'given the file %j / when it is read / then it is refused by name and not taken for zero',
    (content) => expect(() => decodeLedger('/m/usage.json', content)).toThrow(/\/m\/usage.json is not a ledger/),
  );

  test('given a VM over two lives of the agent and two boots / when it is asked / then its counters go on', async () => {
    const host = await runningHost();
    host.machine(vmId).usage = { ...noUsage, cpuTimeMs: 500, uptimeMs: 1_000 };
    expect(await host.agent.supervisor.metrics(vmId)).toMatchObject({
      boot: { bootEpoch: 1, usage: { cpuTimeMs: 500 } },
      total: { cpuTimeMs: 500 },
      memoryBytes: 1,
      networkBytes: null,
      heldBy: ['disk-rate'],
    });
    await host.endAgent();
    await host.startAgent();
    host.machine(vmId).end({ reason: 'memory-limit', detail: '268435456 bytes' });
    await host.until('the exit is told', () => host.last(vmId)?.observation.phase === 'stopped');
    expect(host.last(vmId)?.observation).toMatchObject({
      cause: 'crash',
      detail: "the host ended QEMU because the VM's memory limit was used up: 268435456 bytes",
    });
    await host.take({ specRevision: 9n, boot: bootNumber(2) });
    await host.until('QEMU runs again', () => host.hypervisor.running.has(vmId));
    host.machine(vmId).usage = { ...noUsage, cpuTimeMs: 40 };
    await host.clock.advance(30_000);
    const read = () => host.agent.supervisor.metrics(vmId);
    expect(await read()).toMatchObject({ boot: { bootEpoch: 2, usage: { cpuTimeMs: 40 } }, total: { cpuTimeMs: 540 } });
    expect(await read(), 'the same look twice counts once').toMatchObject({ total: { cpuTimeMs: 540 } });
  });
});
