import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type EvidenceAppraised, type VmCommand, type VmEvent, vm } from '#domain';
import { genesisHash, isoTime } from '#events';
import { histories, play } from '../../../test/domain/laws.ts';
import { accountId } from '../../../test/domain/samples.ts';
import { vmMove } from '../../../test/domain/vm-moves.ts';
import { replay } from './replay.ts';
import type { Grounds } from './rules.ts';
import type { Told } from './told.ts';

type Played = { readonly command: VmCommand; readonly events: readonly VmEvent[] };

const tell = <Event extends VmEvent | EvidenceAppraised>(
  event: Event,
  atMs: number,
  revision: number,
): Told<Event> => ({
  ...{ event, atMs },
  recorded: {
    ...{ eventId: `e-${revision}`, type: event.type, version: 1, revision, recordedAt: isoTime(atMs) },
    ...{ actor: `owner:${accountId}`, correlationId: 'c', causationId: 'c', traceparent: null, data: {} },
    ...{ prevHash: genesisHash, hash: genesisHash },
  },
});

/** What an attestor would have recorded for a command that names its verdict. */
const verdictOf = (command: VmCommand, appraisalId: string): EvidenceAppraised | null => {
  if (command.type !== 'ReleaseKey' && command.type !== 'ConfirmBoot') return null;
  const { tier, appraisedAt } = command;
  const said: Pick<EvidenceAppraised, 'type' | 'appraisalId' | 'tier' | 'appraisedAt'> = {
    ...{ type: 'EvidenceAppraised', appraisalId, tier, appraisedAt },
  };
  // Of a verdict the rules read no more than this.
  return said as EvidenceAppraised;
};

/** A history as its streams have it, every verdict under an id of its own. */
const toldOf = (played: readonly Played[]) => {
  const told: Told<VmEvent>[] = [];
  const verdicts = new Map<string, Told<EvidenceAppraised>>();
  for (const [n, { command, events }] of played.entries()) {
    const verdict = verdictOf(command, `a-${n}`);
    if (verdict !== null) verdicts.set(`a-${n}`, tell(verdict, Math.min(command.now, verdict.appraisedAt), n));
    for (const event of events) {
      const named = 'appraisalId' in event ? { ...event, appraisalId: `a-${n}` } : event;
      told.push(tell(named, command.now, told.length));
    }
  }
  const grounds: Grounds = { verdicts, allowClassical: true };
  return { told, grounds };
};

describe('a history that the rules decided', () => {
  test('is decided the same again, whatever happened in it, and ends where it ended', () =>
    fc.assert(
      fc.property(histories(vmMove), (moves) => {
        const played = play(vm, moves);
        const { told, grounds } = toldOf(played);
        const { checks, vm: end } = replay(told, grounds);
        expect(checks.filter(({ outcome }) => outcome !== 'pass')).toEqual([]);
        expect(end?.volume).toEqual(played.at(-1)?.after?.volume);
      }),
      { numRuns: 200 },
    ));

  test('is not the same without one of its releases: what came after it was for nothing', () => {
    let seen = 0;
    fc.assert(
      fc.property(histories(vmMove), (moves) => {
        const { told, grounds } = toldOf(play(vm, moves));
        const at = told.findIndex(({ event }) => event.type === 'VmKeyReleased');
        const isConfirmed = told.some(({ event }) => event.type === 'VmBootConfirmed');
        if (at === -1 || !isConfirmed) return;
        seen += 1;
        const first = told.find(({ event }) => event.type === 'VmBootConfirmed')?.event;
        const release = told[at]?.event;
        if (first?.type !== 'VmBootConfirmed' || release?.type !== 'VmKeyReleased' || first.bootId !== release.bootId)
          return;
        const { checks } = replay(told.toSpliced(at, 1), grounds);
        expect(checks.some(({ outcome }) => outcome === 'fail')).toBe(true);
      }),
      { numRuns: 200 },
    );
    expect(seen).toBeGreaterThan(0);
  });
});
