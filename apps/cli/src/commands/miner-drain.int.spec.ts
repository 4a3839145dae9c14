import { afterEach, describe, expect, test } from 'vitest';
import { json, type Route } from '../../../../test/cli/fake-api.ts';
import { cleanUp, machineWith } from '../../../../test/cli/machine-with.ts';
import { event, miner, minerId, vmId } from '../../../../test/cli/samples.ts';

afterEach(cleanUp);

const draining = {
  ...miner,
  ...{ eligible: false, ineligibleCode: 'draining', eligibilityText: '1 VM is still on it (new disks)', vms: [vmId] },
  drain: { state: 'draining', reason: 'new disks', deadlineAt: '2026-01-31T12:00:00.000Z', vmsLeft: 1 },
};
const drained = {
  ...draining,
  ...{ ineligibleCode: 'drained', vms: [] },
  drain: { ...draining.drain, state: 'drained', vmsLeft: 0 },
};
const accepted = json({ stream: `miner-${minerId}`, revision: '4', position: 'p4', events: [] });
const follow =
  (...types: readonly string[]): Route =>
  (_asked, answer) => {
    for (const [index, type] of types.entries()) {
      answer.write(`data: ${JSON.stringify({ ...event(type, 4 + index), stream: `miner-${minerId}` })}\n\n`);
    }
  };

describe('hcc miner drain', () => {
  test('says truthfully that VMs are left, and that the deadline has passed', async () => {
    const { hcc } = await machineWith({
      'GET /v1/miners': json({ items: [draining] }),
      [`POST /v1/miners/${minerId}/drain`]: accepted,
      [`GET /v1/miners/${minerId}`]: json(draining),
    });
    const { code, out } = await hcc('miner', 'drain', 'miner-1');
    expect(code).toBe(0);
    expect(out).toMatch(/^miner-1: draining \(new disks\): 1 VM left, DEADLINE PASSED: 2026-01-31/);
    expect(out).toContain('its VMs go on until their owners remove them: 1a2b3c4d');
    expect((await hcc('miner', 'ls')).out).toContain('no: draining, 1 left');
  });

  test('--monitor shows what is left and ends when nothing is', async () => {
    let asked = 0;
    const { hcc } = await machineWith({
      'GET /v1/miners': json({ items: [draining] }),
      [`POST /v1/miners/${minerId}/drain`]: accepted,
      [`GET /v1/miners/${minerId}`]: (one, answer) => json(asked++ === 0 ? draining : drained)(one, answer),
      [`GET /v1/streams/miner-${minerId}/follow`]: follow('MinerDrainStarted', 'AllocationReleased', 'MinerDrained'),
    });
    const ran = await hcc('miner', 'drain', 'miner-1', '--monitor');
    expect(ran.code).toBe(0);
    expect(ran.err).toContain('1 VM left');
    expect(ran.out).toContain('drained (new disks): nothing left');
  });

  test('--monitor of a drain that somebody undoes is a bad answer', async () => {
    let asked = 0;
    const { hcc } = await machineWith({
      'GET /v1/miners': json({ items: [draining] }),
      [`POST /v1/miners/${minerId}/drain`]: accepted,
      [`GET /v1/miners/${minerId}`]: (one, answer) =>
        json(asked++ === 0 ? draining : { ...draining, drain: null })(one, answer),
      [`GET /v1/streams/miner-${minerId}/follow`]: follow('MinerUndrained'),
    });
    const ran = await hcc('miner', 'drain', 'miner-1', '--monitor');
    expect(ran).toMatchObject({ code: 1, err: expect.stringContaining('was undrained while it was watched') });
  });

  test('a deadline that is no span is a usage error', async () => {
    const { hcc } = await machineWith({});
    expect(await hcc('miner', 'drain', 'm', '--deadline', 'soon')).toMatchObject({
      code: 2,
      err: expect.stringContaining('90m'),
    });
  });
});
