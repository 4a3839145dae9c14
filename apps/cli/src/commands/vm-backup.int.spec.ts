import { afterEach, describe, expect, test } from 'vitest';
import { json, problem, type Route } from '../../../../test/cli/fake-api.ts';
import { cleanUp, machineWith } from '../../../../test/cli/machine-with.ts';
import { event, vm, vmId } from '../../../../test/cli/samples.ts';

afterEach(cleanUp);

const stream = `vm-${vmId}`;
const at = (type: string, revision: number) =>
  json({ stream, revision: `${revision}`, position: `p${revision}`, events: [type] }, 202);
const says =
  (...events: readonly (readonly [string, object?])[]): Route =>
  (asked, answer) => {
    const from = Number(asked.query.get('from'));
    const told = events.map(([type, data], index) => event(type, 7 + index, data));
    for (const each of told.slice(from - 7)) answer.write(`data: ${JSON.stringify(each)}\n\n`);
  };
const copy = (n: number, isOlder = false) => ({
  ...{ backupId: `${n}f3c0000-1111-4111-8111-111111111111`, madeAt: '2026-01-31T11:00:00.000Z', isOlder },
  ...{ bytes: 1_073_741_824, newBytes: 4_194_304, chunks: 256, bootCounter: n },
});
const nothing = { underWay: null, failure: null, restore: null, restoreRefusal: null, restored: null };
const stopped = { ...vm, desired: 'stopped', observed: 'stopped', endpoint: null };

describe('hcc vm backup', () => {
  test('of a VM that runs says what to do, and stops nothing', async () => {
    const no = problem(409, 'vm-not-stopped', 'VM is running; stop it first', { fix: 'stop it first' });
    const { hcc, api } = await machineWith({
      'GET /v1/vms': json({ items: [vm] }),
      [`POST /v1/vms/${vmId}/backups`]: no,
    });
    expect(await hcc('vm', 'backup', 'web')).toMatchObject({ code: 1, err: expect.stringContaining('stop it first') });
    expect(api.asked.some(({ path }) => path.endsWith('/stop'))).toBe(false);
  });

  test('--restart stops it, backs it up under one id, and starts it', async () => {
    const ids: string[] = [];
    const { hcc, api } = await machineWith({
      'GET /v1/vms': json({ items: [vm] }),
      [`GET /v1/vms/${vmId}`]: json(vm),
      [`POST /v1/vms/${vmId}/backups`]: (one, answer) => {
        ids.push(JSON.parse(String(one.body)).backupId);
        return (ids.length === 1 ? problem(409, 'vm-not-stopped', 'it runs') : at('VmBackupRequested', 9))(one, answer);
      },
      [`GET /v1/vms/${vmId}/backups`]: (one, answer) =>
        json({ ...nothing, backups: [{ ...copy(1), backupId: ids[0] }] })(one, answer),
      [`POST /v1/vms/${vmId}/stop`]: at('VmStopRequested', 7),
      [`POST /v1/vms/${vmId}/start`]: at('VmStartRequested', 11),
      [`GET /v1/streams/${stream}/follow`]: says(
        ...(
          [
            'VmStopRequested',
            'VmStopped',
            'VmBackupRequested',
            'VmBackupMade',
            'VmStartRequested',
            'VmRunning',
          ] as const
        ).map((type) => [type] as const),
      ),
    });
    const ran = await hcc('vm', 'backup', 'web', '--restart', '--json');
    expect(ran.code, ran.err).toBe(0);
    expect(JSON.parse(ran.out)).toMatchObject({ vmId, backupId: ids[0], newBytes: 4_194_304 });
    expect(new Set(ids).size).toBe(1);
    const posted = api.asked.filter(({ method }) => method === 'POST').map(({ path }) => path.split('/').at(-1));
    expect(posted).toEqual(['backups', 'stop', 'backups', 'start']);
  });

  test('that its miner cannot make is a bad answer with the reason', async () => {
    const { hcc } = await machineWith({
      'GET /v1/vms': json({ items: [stopped] }),
      [`POST /v1/vms/${vmId}/backups`]: at('VmBackupRequested', 7),
      [`GET /v1/streams/${stream}/follow`]: says(
        ['VmBackupRequested'],
        ['VmBackupFailed', { backupId: copy(1).backupId, code: 'no-backup-store', detail: 'set HCC_BACKUP_STORE' }],
      ),
    });
    const ran = await hcc('vm', 'backup', 'web');
    expect(ran).toMatchObject({ code: 1, err: expect.stringContaining('HCC_BACKUP_STORE') });
    expect(ran.err).toContain(`fix: hcc vm backup ${vmId} tries again; hcc vm backups`);
  });
});

describe('hcc vm backup rm and cancel', () => {
  const withView = (view: object, routes: Readonly<Record<string, Route>> = {}) =>
    machineWith({
      'GET /v1/vms': json({ items: [stopped] }),
      [`GET /v1/vms/${vmId}`]: json(stopped),
      [`GET /v1/vms/${vmId}/backups`]: json({ ...nothing, backups: [], ...view }),
      ...routes,
    });
  const removed = { [`DELETE /v1/vms/${vmId}/backups/${copy(1).backupId}`]: at('VmBackupRemoved', 7) };

  test('removes the one that is meant, once somebody said so', async () => {
    const { hcc } = await withView({ backups: [copy(1, true), copy(2)] }, removed);
    const asked = await hcc('vm', 'backup', 'rm', 'web', '1f3c');
    expect(asked).toMatchObject({ code: 2, err: expect.stringContaining('--yes') });
    const ran = await hcc('vm', 'backup', 'rm', 'web', '1f3c', '--yes');
    expect(ran, ran.err).toMatchObject({ code: 0, out: `backup ${copy(1).backupId} of web removed\n` });
    expect(await hcc('vm', 'backup', 'rm', 'web', '9', '--yes')).toMatchObject({
      ...{ code: 1, err: expect.stringContaining('hcc vm backups web') },
    });
  });

  test('cancels the one that is being made, and says when there is none', async () => {
    const { hcc } = await withView({ underWay: copy(1).backupId }, removed);
    expect(await hcc('vm', 'backup', 'cancel', 'web')).toMatchObject({
      ...{ code: 0, out: `backup ${copy(1).backupId} of web cancelled\n` },
    });
    const none = await withView({});
    expect(await none.hcc('vm', 'backup', 'cancel', 'web')).toMatchObject({
      ...{ code: 1, err: expect.stringContaining('no backup of vm web is being made') },
    });
  });
});

describe('hcc vm backups', () => {
  test('lists them with what each would be, and says what is under way and what went wrong', async () => {
    const view = {
      ...nothing,
      backups: [copy(1, true), copy(2)],
      failure: { backupId: copy(3).backupId, code: 'chunk-damaged', detail: 'other bytes' },
      restored: copy(1).backupId,
    };
    const { hcc } = await machineWith({
      'GET /v1/vms': json({ items: [stopped] }),
      [`GET /v1/vms/${vmId}/backups`]: json(view),
    });
    const { out } = await hcc('vm', 'backups', 'web');
    expect(out).toMatch(/BACKUP +MADE +DISK +SENT +OPENED/);
    expect(out).toMatch(/1f3c0000.*1 GiB +4 MiB +1 +older than its disk: needs a consent/);
    expect(out).toMatch(/2f3c0000.*as its disk was last opened/);
    expect(out).toContain('not made: 3f3c0000, chunk-damaged: other bytes');
    expect(out).toContain('the next boot makes its disk from 1f3c0000');
  });
});

describe('hcc vm restore', () => {
  const withBackups = (backups: readonly object[], more: Readonly<Record<string, Route>> = {}) =>
    machineWith({
      'GET /v1/vms': json({ items: [stopped] }),
      [`GET /v1/vms/${vmId}`]: json({ ...stopped, generation: 2 }),
      [`GET /v1/vms/${vmId}/backups`]: json({ ...nothing, backups }),
      [`POST /v1/vms/${vmId}/restore`]: at('VmRestoreRequested', 7),
      [`GET /v1/streams/${stream}/follow`]: says(['VmRestoreRequested'], ['VmPlaced']),
      ...more,
    });

  test('takes the newest backup unless one is named, and says what comes next', async () => {
    const { hcc, api } = await withBackups([copy(1, true), copy(2)]);
    expect(await hcc('vm', 'restore', 'web', '--yes')).toMatchObject({
      ...{ code: 0, out: expect.stringContaining('start it: hcc vm start web') },
    });
    expect((await hcc('vm', 'restore', 'web', '--backup', '1f3c', '--yes')).out).toContain(
      'hcc vm consent web --rollback',
    );
    const posted = api.asked.filter(({ method }) => method === 'POST').map(({ body }) => JSON.parse(String(body)));
    expect(posted).toEqual([{ backupId: copy(2).backupId }, { backupId: copy(1).backupId }]);
  });

  test('asks before it replaces a disk, and changes nothing where nobody can be asked, nothing is meant, or more than one', async () => {
    const two = [copy(1), { ...copy(2), backupId: copy(1).backupId.replace(/1$/, '2') }];
    const { hcc, api } = await withBackups(two, {
      'GET /v1/miners': problem(403, 'forbidden', 'not for owners'),
      [`GET /v1/vms/${vmId}/why-not`]: json({
        ...{ ok: true, code: 'placed', answer: 'it is', size: vm.size, counts: {}, miners: [], position: null },
      }),
    });
    for (const [options, code, exit] of [
      [[], 'not-confirmed', 2],
      [['--backup', '9'], 'backup-not-found', 1],
      [['--backup', '1f3c'], 'ambiguous', 2],
      [['--onto', 'miner-2', '--yes'], 'miner-not-named', 2],
    ] as const) {
      const ran = await hcc('vm', 'restore', 'web', ...options, '--json');
      expect(ran.code).toBe(exit);
      expect(JSON.parse(ran.out)).toMatchObject({ ok: false, error: { code } });
    }
    expect(api.asked.some(({ method }) => method === 'POST')).toBe(false);
  });

  test('takes the beginning of a miner id that why-not shows, since an owner may not list miners', async () => {
    const [one, two] = ['89ec9b57-3a4d-4a93-b643-e96e41262843', '89ed0000-3a4d-4a93-b643-e96e41262843'];
    const fits = { name: null, fits: true, code: null, text: 'it fits' };
    const why = { ok: true, code: 'placed', answer: 'it is', size: vm.size, counts: {}, position: 'p.1' };
    const { hcc, api } = await withBackups([copy(1)], {
      'GET /v1/miners': problem(403, 'forbidden', 'not for owners'),
      [`GET /v1/vms/${vmId}/why-not`]: json({ ...why, miners: [one, two].map((minerId) => ({ minerId, ...fits })) }),
    });
    expect(await hcc('vm', 'restore', 'web', '--onto', '89e', '--yes')).toMatchObject({
      ...{ code: 2, err: expect.stringMatching(/beginning of 2 ids.*\n.*observed 89e.*\n.*hcc vm why-not/) },
    });
    expect((await hcc('vm', 'restore', 'web', '--onto', '89EC', '--yes')).code).toBe(0);
    expect(JSON.parse(api.asked.find(({ method }) => method === 'POST')?.body ?? '')).toMatchObject({ minerId: one });
  });

  test('that no miner has room for is a bad answer with the reason', async () => {
    const refused = ['VmRestoreRefused', { generation: 2, code: 'memory', detail: 'no room' }] as const;
    const { hcc } = await withBackups([copy(1)], {
      [`GET /v1/streams/${stream}/follow`]: says(['VmRestoreRequested'], refused),
    });
    expect(await hcc('vm', 'restore', 'web', '--yes')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/no room[\s\S]*fix: hcc vm why-not .*--onto/),
    });
  });
});

describe('hcc vm rm of a VM with backups', () => {
  test('is refused with the way out, and done once it is said that they may go', async () => {
    const no = problem(409, 'backups-die-with-the-key', 'it has 1 backup', { fix: 'hcc vm rm --destroy-backups' });
    const gone = at('VmTerminationRequested', 7);
    const { hcc, api } = await machineWith({
      'GET /v1/vms': json({ items: [stopped] }),
      [`DELETE /v1/vms/${vmId}`]: (one, answer) =>
        (one.query.get('destroyBackups') === 'true' ? gone : no)(one, answer),
    });
    const ran = await hcc('vm', 'rm', 'web', '--yes', '--no-wait');
    expect(ran).toMatchObject({ code: 1, err: expect.stringContaining('--destroy-backups') });
    expect((await hcc('vm', 'rm', 'web', '--yes', '--no-wait', '--destroy-backups')).code).toBe(0);
    expect(api.asked.filter(({ method }) => method === 'DELETE')).toHaveLength(2);
  });
});
