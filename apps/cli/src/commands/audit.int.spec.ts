import { afterEach, describe, expect, test } from 'vitest';
import { createSystemClock } from '#adapters/system';
import { json } from '../../../../test/cli/fake-api.ts';
import { cleanUp, machineWith } from '../../../../test/cli/machine-with.ts';
import { miner, vmId } from '../../../../test/cli/samples.ts';
import { main } from '../program.ts';

afterEach(cleanUp);

const eventId = '5f0c1a2b-3333-4333-8333-333333333333';

describe('hcc audit', () => {
  const action = (at: string) => ({
    ...{ recordedAt: at, actor: 'process:vm-placement', type: 'VmPlaced', stream: `vm-${vmId}`, revision: '4' },
    ...{ eventId, correlationId: 'c', position: 'p.9' },
  });

  test('asks for the newest, and shows the oldest of them first', async () => {
    const { hcc, api } = await machineWith({
      'GET /v1/audit': json({
        items: [action('2026-01-31T12:00:01.000Z'), action('2026-01-31T12:00:00.000Z')],
        next: 'more',
      }),
    });
    const ran = await hcc('audit', '--actor', 'process:vm-placement', '--since', '2026-01-31', '--limit', '2');
    expect(ran.code).toBe(0);
    expect(ran.out.split('\n').map((line) => line.slice(0, 24))).toEqual([
      ...[expect.stringMatching(/^TIME/), '2026-01-31T12:00:00.000Z', '2026-01-31T12:00:01.000Z', ''],
    ]);
    expect(ran.err).toContain('there is more before these 2');
    expect(Object.fromEntries(api.asked[0]?.query ?? [])).toEqual({
      ...{ actor: 'process:vm-placement', since: '2026-01-31T00:00:00.000Z', order: 'newest-first', limit: '2' },
    });
  });

  test('takes the name of a miner or the beginning of an id, and tells a token that is not whole from nobody', async () => {
    const { hcc, api } = await machineWith({
      'GET /v1/audit': json({ items: [], next: null }),
      'GET /v1/miners': json({ items: [miner], next: null }),
    });
    for (const name of [miner.name, miner.minerId.slice(0, 6), miner.minerId]) {
      await hcc('audit', '--actor', `miner:${name}`);
      expect(api.asked.at(-1)?.query.get('actor')).toBe(`miner:${miner.minerId}`);
    }
    expect(await hcc('audit', '--actor', 'miner:nobody')).toMatchObject({ code: 1, out: '' });
    expect(await hcc('audit', '--actor', 'operator:3cbe6162')).toMatchObject({
      ...{ code: 2, err: expect.stringContaining('operator: and the whole id') },
    });
  });

  test('fits a narrow screen, with ids as short as it takes them', async () => {
    const by = { ...action('2026-01-31T12:00:00.000Z'), actor: `miner:${miner.minerId}` };
    const machine = await machineWith({ 'GET /v1/audit': json({ items: [by], next: null }) });
    const cli = machine.cli();
    const said: string[] = [];
    const terminal = { ...cli.terminal, columns: 60, out: (text: string) => void said.push(text) };
    await main(['node', 'hcc', '--token-file', 't.token', 'audit'], { ...cli, terminal });
    const [headings, line, note] = said.join('').split('\n');
    expect(headings).toMatch(/^AGE +ACTOR +ACTION +STREAM$/);
    expect(line).toContain(`miner:${miner.minerId.slice(0, 8)}  VmPlaced  vm-1a2b3c4d@4`);
    expect(note).toBe('(not shown, to fit 60 columns: TIME)');
  });

  test('takes an age for a time, and refuses what is neither', async () => {
    const { hcc, api } = await machineWith({ 'GET /v1/audit': json({ items: [], next: null }) });
    expect(await hcc('audit', '--since', '2h')).toMatchObject({ code: 0, out: 'nobody did anything like that\n' });
    const ageMs = createSystemClock().now() - Date.parse(api.asked[0]?.query.get('since') ?? '');
    expect(Math.round(ageMs / 3_600_000)).toBe(2);
    expect(await hcc('audit', '--since', 'yesterday')).toMatchObject({
      code: 2,
      err: expect.stringContaining('15m, 12h or 7d'),
    });
  });
});
