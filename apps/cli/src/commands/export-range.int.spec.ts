import { readFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createManualClock, createMemoryEventStore } from '#adapters/memory';
import { credits, type HoldId } from '#domain';
import { cutOffAfter } from '../../../../test/cli/cut-off.ts';
import { fakeMachine } from '../../../../test/cli/fake-machine.ts';
import { boot } from '../../../../test/orchestrator/booted.ts';
import { accountId, teller, uuid, vmId } from '../../../../test/orchestrator/told.ts';

const day = 24 * 60 * 60 * 1_000;
const beginning = Date.UTC(2026, 0, 1);
const ann = accountId('ann');

/** A log with an event a second from the first of January 2026; it is a week later, on both sides. */
const analyst = async () => {
  const store = createMemoryEventStore();
  const tell = teller(store);
  await tell.account(ann, { type: 'AccountOpened', accountId: ann, name: 'Ann' });
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) {
    const held = { holdId: uuid(name) as HoldId, vmId: vmId(name), amount: credits(1n) };
    await tell.account(ann, { type: 'CreditsHeld', ...held });
  }
  const clock = createManualClock(beginning + 7 * day + 2_000);
  const api = await boot({ store, ground: { clock: createManualClock(beginning + 7 * day + 60_000) } });
  const machine = fakeMachine({ HCC_URL: api.url, HCC_TOKEN_FILE: 'operator.token' }, clock);
  onTestFinished(machine.remove);
  machine.write('operator.token', `${api.operator}\n`);
  const manifest = () => JSON.parse(readFileSync(machine.path('log/manifest.json'), 'utf8'));
  const events = async () => (await store.readAll()).events;
  return { ...machine, api, clock, manifest, events };
};

describe('hcc export --to', () => {
  test.each([
    ['2025-12-31T23:59:59Z', 'at-before-beginning', 'the log begins at 2026-01-01T00:00:00.000Z'],
    ['2027-01-01T00:00:00Z', 'at-in-the-future', 'it is 2026-01-08T00:01:00.000Z here'],
  ])('given %s, then it is refused as %s, and nothing is written', async (to, code, said) => {
    const { hcc, path } = await analyst();
    const { code: exit, out } = await hcc('export', '--out', 'log', '--to', to, '--json');
    expect({ exit, ...JSON.parse(out) }).toMatchObject({
      ...{ exit: 1, error: { code, message: expect.stringContaining(said), fix: expect.any(String) } },
    });
    expect(() => readFileSync(path('log/manifest.json'))).toThrow('ENOENT');
  });

  test.each([
    ['1h', '2h', '--from 1h (2026-01-07T23:00:02.000Z) is after --to 2h (2026-01-07T22:00:02.000Z)'],
    ['2026-01-02T00:00:00Z', '2026-01-01T00:00:00Z', 'is after --to 2026-01-01T00:00:00Z'],
  ])('given --from %s and --to %s, then both are named and nothing is asked or written', async (from, to, said) => {
    const { hcc, path } = await analyst();
    const { code: exit, out } = await hcc('export', '--out', 'log', '--from', from, '--to', to, '--json');
    expect({ exit, ...JSON.parse(out) }).toMatchObject({
      ...{ exit: 2, error: { code: 'range-backwards', message: expect.stringContaining(said) } },
      ...{ error: { fix: `--from ${to} --to ${from}` } },
    });
    expect(() => readFileSync(path('log/manifest.json'))).toThrow('ENOENT');
  });

  test('given a position after a time, then where the log stood then decides', async () => {
    const { hcc, events } = await analyst();
    const all = await events();
    const [last, first] = [all.at(-1)?.position ?? '', all.at(0)?.recordedAt ?? ''];
    expect(await hcc('export', '--out', 'log', '--from', last, '--to', first)).toMatchObject({
      ...{ code: 2, err: expect.stringContaining(`--from ${last} is after --to`) },
    });
    expect((await hcc('export', '--out', 'log', '--from', first, '--to', last)).code).toBe(0);
  });

  test('given a --from before the log began, then it is the beginning', async () => {
    const { hcc, events } = await analyst();
    const { out } = await hcc('export', '--out', 'log', '--from', '2020-01-01T00:00:00Z', '--json');
    expect(JSON.parse(out)).toMatchObject({ complete: true, rows: (await events()).length });
  });
});

describe('an export with an age that is cut off', () => {
  test('given the same command later, then it goes on with the range it began with', async () => {
    const { hcc, api, clock, manifest, events } = await analyst();
    // Seven days ago the first three events were recorded.
    const args = ['export', '--out', 'log', '--part-rows', '2', '--from', '7d', '--to', '6d'];
    const way = await cutOffAfter(2, api.url);
    expect(await hcc('--url', way, '--token-file', 'operator.token', ...args)).toMatchObject({ code: 3 });
    const begun = manifest();
    expect(begun).toMatchObject({ rows: 2, complete: false, asked: { from: '7d', to: '6d' } });
    await clock.advance(3_000);
    expect(await hcc(...args)).toMatchObject({ code: 0 });
    const all = await events();
    const wanted = all.filter(({ recordedAt }) => recordedAt > '2026-01-01T00:00:02.999Z' && recordedAt < '2026-01-02');
    expect(manifest()).toMatchObject({ rows: wanted.length, complete: true, filter: begun.filter });
    expect(await hcc('export', 'verify', 'log')).toMatchObject({ code: 0 });
  });

  test('given other words for another range, or an export of an older build with the same range, then the positions decide', async () => {
    const { hcc, clock, manifest, write, events } = await analyst();
    await hcc('export', '--out', 'log', '--from', '7d');
    await clock.advance(3_000);
    const other = await hcc('export', '--out', 'log', '--from', '168h', '--json');
    expect(JSON.parse(other.out).error).toMatchObject({ code: 'export-differs' });
    const third = (await events())[2]?.position ?? '';
    expect(await hcc('export', '--out', 'log', '--from', third)).toMatchObject({ code: 0 });
    const { asked: _asked, ...older } = manifest();
    write('log/manifest.json', JSON.stringify(older));
    expect(await hcc('export', '--out', 'log', '--from', third)).toMatchObject({ code: 0 });
    expect(manifest().asked).toEqual({ from: third, to: null });
  });
});
