import { describe, expect, test } from 'vitest';
import {
  bootNumber,
  ended,
  facts,
  imageDigest,
  launched,
  local,
  running,
  sealedAs,
  spec,
} from '../../../../test/miner-node/converge-samples.ts';
import { act, newWorld, settle, take } from '../../../../test/miner-node/toy-world.ts';
import type { Copy } from './copy.ts';
import { nextStep } from './next-step.ts';

const backupId = '33333333-3333-4333-8333-333333333333';
const manifestSha256 = 'c'.repeat(64);
const made = { backupId, outcome: 'made', manifestSha256, bytes: 1, chunks: 1, newBytes: 1 } as const;
const volume = { imageDigest, diskBytes: 1_073_741_824, kind: 'volume' } as const;
const down = local({ boot: ended(1), disk: volume });
const sealed = (boot: number) => ({ boot: bootNumber(boot), sealed: sealedAs(boot) });
const backUp = spec({ ...sealed(1), desired: 'stopped', backup: { backupId } });
const restore = spec({ ...sealed(2), generation: 2, restore: { backupId, manifestSha256, generation: 2 } });
const copying = (copy: Copy, isOver = false) => ({ copying: { copy, isOver } });
const backup: Copy = { kind: 'backup', backupId };

describe('copies of a volume', () => {
  test('given a backup is wanted / when something runs / then it is stopped first; once it is down the copy begins, once', () => {
    const up = local({ boot: launched(1), disk: volume });
    expect(nextStep(up, backUp, facts({ qemu: running })).do).toBe('power-off');
    expect(nextStep(down, backUp, facts())).toEqual({ do: 'begin-copy', copy: backup });
    expect(nextStep(down, backUp, facts(copying(backup)))).toEqual({ do: 'none' });
    expect(nextStep(down, backUp, facts(copying(backup, true)))).toEqual({ do: 'record-copy' });
    expect(nextStep({ ...down, backup: made }, backUp, facts())).toEqual({ do: 'none' });
  });

  test.each([
    ['it shall run', spec({ ...sealed(2), specRevision: 9n }), {}],
    ['it shall be gone', spec({ desired: 'absent', boot: null, specRevision: 9n }), {}],
    ['another backup is wanted', { ...backUp, backup: { backupId: '4'.repeat(8) } }, {}],
    ['the host goes down', backUp, { hostStopping: true }],
  ])('given a copy goes on / when %s / then it ends before anything else is done', (_what, wanted, here) => {
    expect(nextStep(down, wanted, facts({ ...copying(backup), ...here }))).toEqual({ do: 'stop-copy' });
  });

  test('given a restore / when its boot comes / then the volume is made anew first, and no boot of it does so again', () => {
    const step = nextStep(down, restore, facts());
    expect(step).toMatchObject({ do: 'begin-copy', copy: { kind: 'restore', manifestSha256, generation: 2 } });
    expect(nextStep({ ...down, restoredIn: 2 }, restore, facts()).do).toBe('launch');
    expect(nextStep(down, { ...restore, desired: 'stopped' }, facts()).do).toBe('skip-boot');
  });

  test('given a restore that fails / then it is tried again after a pause, and given up as the boot it was for', () => {
    const failed = (attempts: number) => ({
      startFailure: { attempts, retryAt: 1_000_500, code: 'chunk-absent', detail: 'gone' },
    });
    expect(nextStep(down, restore, facts(failed(1)))).toEqual({ do: 'wait', until: 1_000_500 });
    expect(nextStep(down, restore, facts(failed(5)))).toMatchObject({ do: 'give-up-boot', code: 'chunk-absent' });
    const over = local({ boot: ended(2), disk: volume });
    expect(nextStep(over, restore, facts())).toEqual({ do: 'none' });
  });

  test('given backups that count / when their list changes / then the store is tidied by it, beside a VM that runs; never while a backup is made', () => {
    const kept = [manifestSha256];
    const up = local({ boot: launched(1), disk: volume, backup: made });
    const tidy = { kind: 'sweep', after: backupId, kept };
    const wanted = spec({ ...sealed(1), keptBackups: kept });
    expect(nextStep(up, wanted, facts({ qemu: running }))).toEqual({ do: 'begin-copy', copy: tidy });
    expect(nextStep({ ...up, swept: { after: backupId, kept } }, wanted, facts({ qemu: running })).do).toBe('none');
    expect(nextStep({ ...down, backup: made }, { ...backUp, keptBackups: [] }, facts())).toEqual({ do: 'none' });
  });

  test('given it shall be gone with its backups / then they go first, and a try that failed does not keep the VM', () => {
    const gone = spec({ desired: 'absent', boot: null, keptBackups: [] });
    expect(nextStep(down, gone, facts())).toMatchObject({ do: 'begin-copy', copy: { kind: 'sweep', kept: [] } });
    expect(nextStep({ ...down, swept: { after: null, kept: [] } }, gone, facts())).toEqual({ do: 'remove' });
    expect(nextStep(down, spec({ desired: 'absent', boot: null }), facts())).toEqual({ do: 'remove' });
  });

  test('given an agent that ends in the middle of each / when it is told again / then all is done in the end, each once', () => {
    for (const stepsBefore of [0, 1, 2, 3]) {
      const world = newWorld();
      world.vm = down;
      const wanted = [backUp, { ...restore, keptBackups: [manifestSha256] }];
      for (const one of wanted) {
        take(world, one);
        for (let step = 0; step < stepsBefore; step += 1) act(world, true);
        world.facts = { ...world.facts, copying: null, agentEpoch: world.facts.agentEpoch + 1 };
        settle(world, true);
      }
      expect(world.copied).toEqual([backupId, manifestSha256]);
      expect(world.vm).toMatchObject({ restoredIn: 2, boot: { state: 'launched', bootEpoch: 2 } });
    }
  });
});
