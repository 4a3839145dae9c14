import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSqliteStore } from '#adapters/sqlite';
import { createRandomIds, createSystemClock } from '#adapters/system';
import { freshHome, runHcc } from './cluster.ts';
import { processesWith } from './processes.ts';

test('given an empty home, when `hcc up --once --json` runs, then a real VM boots to ssh, is terminated, and nothing is left behind', async () => {
  const home = freshHome();
  try {
    const run = await runHcc(['up', '--once', '--json', '--home', home, '--port', '0']);
    expect(run.stderr, 'progress goes to stderr').not.toBe('');
    const answer = JSON.parse(run.stdout);
    expect(answer, run.stderr).toMatchObject({ ok: true });
    expect(run.code).toBe(0);

    expect(answer.steps.length).toBeGreaterThan(3);
    for (const step of answer.steps) expect(step).toEqual({ name: expect.any(String), ms: expect.any(Number) });
    expect(answer.ssh.command).toMatch(/^ssh /);
    expect(answer.ssh.output).toMatch(/^Linux .* x86_64/);
    expect(answer.vm.disk).toMatchObject({ format: 'qcow2', encryption: 'none' });

    const types = answer.vm.events.map(({ type }: { type: string }) => type);
    expect(types).toEqual([
      'VmRequested',
      'VmAdmitted',
      'VmPlacementProposed',
      'VmPlaced',
      'BootAuthorized',
      'VmStarting',
      'VmRunning',
      'VmTerminationRequested',
      ...types.filter((type: string) => type === 'VmStopped'),
      'VmTerminated',
    ]);
    for (const { at } of answer.vm.events) expect(at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(processesWith(home)).toEqual([]);

    const opened = await openSqliteStore({
      file: join(home, 'store', 'hcc.sqlite'),
      clock: createSystemClock(),
      ids: createRandomIds(),
    });
    try {
      const verified = await opened.verifyLog();
      expect(verified.fault).toBeNull();
      expect(Number(verified.events)).toBeGreaterThan(types.length);
    } finally {
      await opened.close();
    }
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
