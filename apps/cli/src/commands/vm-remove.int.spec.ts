import { afterEach, describe, expect, test } from 'vitest';
import { json } from '../../../../test/cli/fake-api.ts';
import { cleanUp, machineWith } from '../../../../test/cli/machine-with.ts';
import { event, vm, vmId } from '../../../../test/cli/samples.ts';

afterEach(cleanUp);

const stream = `vm-${vmId}`;
const sealed = { ...vm, disk: { ...vm.disk, kind: 'luks2', bootCounter: 2, keyDestroyed: false } };
const follow = (...types: readonly string[]) => ({
  [`GET /v1/streams/${stream}/follow`]: (
    asked: { query: URLSearchParams },
    answer: { write(text: string): unknown },
  ) => {
    const from = Number(asked.query.get('from'));
    for (const told of types.map((type, index) => event(type, 7 + index)).slice(from - 7))
      answer.write(`data: ${JSON.stringify(told)}\n\n`);
  },
});
const accepted = (revision: number, ...events: readonly string[]) =>
  json({ stream, revision: `${revision}`, position: `p${revision}`, events }, 202);

describe('hcc vm rm of a sealed VM', () => {
  test.each([
    ['VmKeyDestroyed', 'VmTerminated'],
    ['VmTerminated', 'VmKeyDestroyed'],
  ])('waits for both, %s first and then %s', async (first, second) => {
    const { hcc } = await machineWith({
      'GET /v1/vms': json({ items: [sealed] }),
      [`GET /v1/vms/${vmId}`]: json(sealed),
      [`DELETE /v1/vms/${vmId}`]: accepted(7, 'VmTerminationRequested'),
      ...follow('VmTerminationRequested', first, second),
    });
    const ran = await hcc('vm', 'rm', 'web', '--yes');
    expect(ran).toMatchObject({ code: 0, out: expect.stringContaining('is gone, its disk removed') });
    expect(ran.err).toMatch(new RegExp(`${first}[^]*${second}`));
  });

  test('asked for again while its miner is silent, waits for the miner alone', async () => {
    const going = { ...sealed, desired: 'absent', observed: 'terminating' };
    const { hcc } = await machineWith({
      'GET /v1/vms': json({ items: [going] }),
      [`GET /v1/vms/${vmId}`]: json({ ...going, disk: { ...going.disk, keyDestroyed: true } }),
      [`DELETE /v1/vms/${vmId}`]: accepted(8),
      ...follow('VmTerminationRequested', 'VmKeyDestroyed', 'VmTerminated'),
    });
    expect((await hcc('vm', 'rm', 'web', '--yes')).code).toBe(0);
  });
});
