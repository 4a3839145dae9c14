import { describe, expect, test } from 'vitest';
import { minerId, noon } from '../../../../test/domain/samples.ts';
import { happened, until } from '../../../../test/domain/vm-story.ts';
import { fold } from '../decider.ts';
import type { VmEvent } from './events.ts';
import { vm } from './index.ts';
import { whyNotRunning } from './why-not.ts';

const why = (...history: readonly VmEvent[]) => {
  const state = fold(vm, history);
  return state === null ? undefined : whyNotRunning(state);
};

describe('why a VM does not run', () => {
  test('given it runs / then there is nothing to explain', () => expect(why(...until.running)).toBeNull());

  test('given its owner stopped it, or it ended by itself / then that is told apart, each with what to do', () => {
    const stopped = [...until.running, happened.stopRequested, happened.stopped(3, 'requested')];
    expect(why(...stopped)).toMatchObject({ code: 'stopped-by-owner', text: expect.stringContaining('hcc vm start') });
    expect(why(...until.running, happened.stopped(3, 'guest-shutdown'))).toMatchObject({
      ...{ code: 'exited', text: expect.stringContaining('its restart policy is on-failure') },
    });
  });

  test('given it was refused, waits or is lost / then the reason is the one its stream has', () => {
    const refused: VmEvent = { type: 'VmRefused', code: 'insufficient-credits', detail: 'needs 10 credits' };
    expect(why(happened.requested, refused)).toMatchObject({ code: 'insufficient-credits' });
    expect(why(...until.admitted)).toMatchObject({ code: 'awaiting-placement' });
    expect(why(...until.placed)).toMatchObject({ code: 'awaiting-boot', text: expect.stringContaining('expected by') });
    const lost: VmEvent = { type: 'VmLost', minerId, lastSeenAt: noon, deadlineAt: noon };
    expect(why(...until.running, lost)).toMatchObject({ code: 'miner-lost' });
  });
});
