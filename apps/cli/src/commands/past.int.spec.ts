import { afterEach, describe, expect, test } from 'vitest';
import { json, problem } from '../../../../test/cli/fake-api.ts';
import { cleanUp, machineWith } from '../../../../test/cli/machine-with.ts';
import { miner, minerId, vm, vmId } from '../../../../test/cli/samples.ts';

afterEach(cleanUp);

const asOf = { at: '2026-01-31T11:00:00.000Z', position: 'p.4', revision: '3', recordedAt: '2026-01-31T10:59:00.000Z' };

describe('hcc vm status --at', () => {
  test('says as of when, above the facts of then, and sends the moment as it was given', async () => {
    const { hcc, api } = await machineWith({
      'GET /v1/vms': json({ items: [vm] }),
      [`GET /v1/vms/${vmId}`]: json({ ...vm, desired: 'stopped', asOf }),
    });
    const { out, code } = await hcc('vm', 'status', 'web', '--at', '2026-01-31T11:00:00Z');
    expect(out.split('\n')[0]).toMatch(
      /^as of 2026-01-31T11:00:00\.000Z \(.*\), position p\.4: event 3 of its stream, recorded/,
    );
    expect([code, api.asked.at(-1)?.query.get('at')]).toEqual([0, '2026-01-31T11:00:00Z']);
  });

  test('takes how long ago for a time', async () => {
    const { hcc, api } = await machineWith({
      'GET /v1/vms': json({ items: [vm] }),
      [`GET /v1/vms/${vmId}`]: json({ ...vm, asOf }),
    });
    await hcc('vm', 'status', 'web', '--at', '10m');
    expect(api.asked.at(-1)?.query.get('at')).toMatch(/^\d{4}-\d{2}-\d{2}T.*Z$/);
  });

  test('gives the reason of the API when the moment cannot be', async () => {
    const { hcc } = await machineWith({
      'GET /v1/vms': json({ items: [vm] }),
      [`GET /v1/vms/${vmId}`]: problem(422, 'at-before-beginning', '"at" is 2020 and the log begins at 2026'),
    });
    const { err, code } = await hcc('vm', 'status', 'web', '--at', '2020-01-01T00:00:00Z');
    expect(err).toContain('the log begins at 2026');
    expect(code).toBe(1);
  });
});

describe('hcc vm diff', () => {
  test('tells what changed and which events did it', async () => {
    const { hcc, api } = await machineWith({
      'GET /v1/vms': json({ items: [vm] }),
      [`GET /v1/vms/${vmId}/diff`]: json({
        from: { at: 'a', position: 'p.1' },
        to: { at: 'b', position: 'p.9' },
        changes: [{ path: 'desired', from: 'running', to: 'stopped', by: ['e7'] }],
        events: [
          {
            ...{ eventId: 'e7', type: 'VmStopRequested', revision: '7', recordedAt: 'then', actor: 'owner:ann' },
            changes: [{ path: 'desired', from: 'running', to: 'stopped' }],
          },
        ],
        eventsLeftOut: 0,
      }),
    });
    const { out } = await hcc('vm', 'diff', 'web', '--from', '2026-01-31T11:00:00Z');
    expect(out).toMatch(/desired\s+running\s+stopped\s+VmStopRequested@7/);
    expect(out).toMatch(/then\s+VmStopRequested@7\s+owner:ann\s+desired/);
    expect(api.asked.at(-1)?.query.get('to')).toBeNull();
    expect((await hcc('vm', 'diff', 'web')).code).toBe(2);
  });
});

test('hcc vm diff says which event keeps it from going on, and not that nothing happened', async () => {
  const stale = { since: '2026-01-31T12:00:00.000Z', eventType: 'OfALaterBuild', revision: '8', reason: `at vm-1@8` };
  const { hcc } = await machineWith({
    'GET /v1/vms': json({ items: [vm] }),
    [`GET /v1/vms/${vmId}/diff`]: json({
      ...{ from: { at: 'a', position: 'p.1' }, to: { at: 'b', position: 'p.9' } },
      ...{ changes: [], events: [], eventsLeftOut: 0, stale },
    }),
  });
  const { out } = await hcc('vm', 'diff', 'web', '--from', '2026-01-31T11:00:00Z');
  expect(out).toMatch(/OfALaterBuild at revision 8 cannot be handled.*at vm-1@8\nnothing happened before that\n/);
});

describe('a part of what was, which could not be read to its end', () => {
  const stale = { since: '2026-01-31T12:00:00.000Z', eventType: 'OfALaterBuild', revision: '8', reason: 'at x-1@8' };
  const accountId = '11111111-1111-4111-8111-111111111111';
  const none = { items: [], stale, asOf };
  const backups = { backups: [], underWay: null, failure: null, restore: null, restoreRefusal: null, restored: null };
  const score = { minerId, score: 1, start: 1, earlier: 0, silence: 0, policyVersion: 0, reasons: [] };

  test.each([
    ['key', 'ls', '--account', accountId],
    ['miner', 'slashing', 'ls', 'miner-1'],
    ['miner', 'why', 'miner-1'],
    ['vm', 'backup', 'ls', 'web'],
    ['vm', 'backups', 'web'],
  ])('hcc %s %s says so above the rest, and in JSON', async (...words) => {
    const { hcc, api } = await machineWith({
      'GET /v1/vms': json({ items: [vm] }),
      'GET /v1/miners': json({ items: [miner] }),
      [`GET /v1/miners/${minerId}`]: json({ ...miner, asOf }),
      [`GET /v1/accounts/${accountId}/ssh-keys`]: json(none),
      [`GET /v1/miners/${minerId}/slashing`]: json(none),
      [`GET /v1/miners/${minerId}/reputation`]: json({ ...score, stale, asOf }),
      [`GET /v1/vms/${vmId}/backups`]: json({ ...backups, stale, asOf }),
    });
    const { out, code } = await hcc(...words, '--at', '2026-01-31T11:00:00Z');
    expect([code, ...out.split('\n')]).toMatchObject([
      ...[0, expect.stringMatching(/^as of 2026-01-31T11:00:00\.000Z/)],
      ...[expect.stringMatching(/^STALE {2}NOT FOLLOWED since .*OfALaterBuild at revision 8/)],
      ...out.split('\n').slice(2),
    ]);
    expect(api.asked.at(-1)?.query.get('at')).toBe('2026-01-31T11:00:00Z');
    const asJson = JSON.parse((await hcc(...words, '--at', '2026-01-31T11:00:00Z', '--json')).out);
    expect(asJson).toMatchObject({ stale, asOf });
  });
});

const rebuild = {
  ...{ rebuildId: 'r1', dryRun: false, by: 'operator:o', state: 'reading', code: null, detail: null },
  ...{ startedAt: '2026-01-31T12:00:00.000Z', endedAt: null, events: 10, eventsTotal: 100, eventsPerSecond: 5 },
  ...{ etaMs: 18_000, errors: 0, firstErrors: [], differences: null },
};
const ended = { ...rebuild, endedAt: '2026-01-31T12:01:00.000Z', etaMs: null };

describe('hcc projection', () => {
  test('rebuild waits for the end; a dry run that finds differences is a bad answer and names the rows', async () => {
    const { hcc } = await machineWith({
      'POST /v1/projections/rebuild': json({ ...rebuild, dryRun: true }, 202),
      'GET /v1/projections/rebuild': json({
        ...{ ...ended, dryRun: true, state: 'compared' },
        differences: { rows: 60, different: 1, first: [{ table: 'vms', key: 'v0', what: 'missing' }] },
      }),
    });
    const { out, code } = await hcc('projection', 'rebuild', '--dry-run');
    expect(out).toMatch(/compared\s+60 rows, 1 of them different/);
    expect(out).toMatch(/missing\s+vms v0/);
    expect(code).toBe(1);
  });

  test('rebuild --no-wait returns at once; one that failed says why and that nothing changed', async () => {
    const { hcc } = await machineWith({
      'POST /v1/projections/rebuild': json(rebuild, 202),
      'GET /v1/projections/rebuild': json({ ...ended, state: 'failed', code: 'disk-full', detail: 'the disk is full' }),
    });
    expect(await hcc('projection', 'rebuild', '--no-wait')).toMatchObject({
      ...{ code: 0, out: expect.stringContaining('reading 10 of 100 events, 5 events/s, 18 s left') },
    });
    const failed = await hcc('projection', 'rebuild');
    expect(failed).toMatchObject({ code: 1, out: expect.stringContaining('disk-full: the disk is full') });
    expect(failed.out).toContain('what is shown is as it was');
    expect((await hcc('projection', 'status', '--json')).out).toContain('"failed"');
  });

  test('status before any rebuild says which command makes one', async () => {
    const none = problem(404, 'not-found', 'no rebuild was asked for since this server started', { fix: 'check it' });
    const { hcc } = await machineWith({ 'GET /v1/projections/rebuild': none });
    const { err, code } = await hcc('projection', 'status');
    expect([code, err]).toEqual([
      1,
      expect.stringMatching(/started\n {2}fix: hcc projection ls; hcc projection rebuild/),
    ]);
  });

  test('Ctrl-C ends the showing, not the work', async () => {
    const { hcc, api, press } = await machineWith({
      'POST /v1/projections/rebuild': json(rebuild, 202),
      'GET /v1/projections/rebuild': json(rebuild),
    });
    const running = hcc('projection', 'rebuild');
    await expect.poll(() => api.asked.filter(({ method }) => method === 'GET').length).toBeGreaterThan(1);
    press();
    const { err, code } = await running;
    expect(err).toContain('the rebuild goes on: hcc projection status shows it, hcc projection cancel ends it');
    expect(code).toBe(0);
    expect(api.asked.map(({ method }) => method)).not.toContain('DELETE');
  });

  test('ls lists projections with their rows; cancel without one is refused by name', async () => {
    const { hcc } = await machineWith({
      'GET /v1/projections': json({
        file: 'f',
        position: 'p.9',
        projections: [{ name: 'vms', category: 'vm', rows: 3 }],
      }),
      'DELETE /v1/projections/rebuild': problem(409, 'no-rebuild-running', 'no rebuild runs'),
    });
    expect((await hcc('projection', 'ls')).out).toMatch(/vms\s+vm\s+3\nat p\.9 in f/);
    expect(await hcc('projection', 'cancel')).toMatchObject({
      code: 1,
      err: expect.stringContaining('no rebuild runs'),
    });
  });
});
