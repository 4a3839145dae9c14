import { describe, it } from 'vitest';
import { given } from '../../../../test/domain/given.ts';
import { invited } from '../../../../test/domain/miner-story.ts';
import { noon } from '../../../../test/domain/samples.ts';
import type { MinerEvent } from './events.ts';
import { miner } from './index.ts';

const now = noon;
const proposed = (proposalId: string, ground: 'tpm-failure' | 'ima-mismatch'): MinerEvent => ({
  ...{ type: 'SlashingProposed', proposalId, ground, appraisalId: 'a', needsCorroboration: ground === 'ima-mismatch' },
});
const uphold = (proposalId: string) =>
  ({ type: 'DecideSlashing', proposalId, outcome: 'upheld', reason: 'looked at', now }) as const;

describe('slashing', () => {
  it('an IMA mismatch is proposed as what cannot stand alone, and once while it is open', () => {
    const propose = {
      type: 'ProposeSlashing',
      proposalId: 'p',
      ground: 'ima-mismatch',
      appraisalId: 'a',
      now,
    } as const;
    given(miner, invited).when(propose).thenEvents(proposed('p', 'ima-mismatch'));
    given(miner, invited, proposed('o', 'ima-mismatch')).when(propose).thenNothing();
  });

  it('a measurement list alone slashes nobody', () => {
    given(miner, invited, proposed('p', 'ima-mismatch'))
      .when(uphold('p'))
      .thenRefused('slashing-not-corroborated', /alone/);
  });

  it('a second ground corroborates it, unless it was withdrawn', () => {
    const both = [invited, proposed('p', 'ima-mismatch'), proposed('t', 'tpm-failure')];
    given(miner, ...both)
      .when(uphold('p'))
      .thenEvents({ type: 'SlashingDecided', proposalId: 'p', outcome: 'upheld', reason: 'looked at' });
    given(miner, ...both, { type: 'SlashingDecided', proposalId: 't', outcome: 'withdrawn', reason: 'cleared' })
      .when(uphold('p'))
      .thenRefused('slashing-not-corroborated');
  });

  it('what is decided stays so, and cannot be appealed any more', () => {
    const decided: MinerEvent = { type: 'SlashingDecided', proposalId: 't', outcome: 'upheld', reason: 'it lied' };
    const history = [invited, proposed('t', 'tpm-failure'), decided];
    given(miner, ...history)
      .when(uphold('t'))
      .thenRefused('slashing-decided', /it lied/);
    given(miner, ...history)
      .when({ type: 'AppealSlashing', proposalId: 't', reason: 'no', now })
      .thenRefused('slashing-decided');
  });

  it('a proposal nobody made is named as such', () => {
    given(miner, invited)
      .when(uphold('x'))
      .thenRefused('slashing-not-found', /hcc miner slashing ls/);
  });
});
