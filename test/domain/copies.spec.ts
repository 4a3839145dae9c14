import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fold, Refusal, type Vm, type VmCommand, type VmEvent, vm } from '#domain';
import { openingOf } from '../../apps/guest-agent/src/boot/counter.ts';
import { noon } from './samples.ts';
import { confirm, release, sealed, untilSealed } from './vm-sealed-story.ts';
import { boot, happened } from './vm-story.ts';

// A host that keeps every state a disk was ever in, gives any of them to a boot, and ends that boot where it likes: before its
// guest asks to go on, or before it hears that it may. The guest's rule and the network's are the real ones.

/** A state of the disk: the number in it, and the boots that wrote theirs into it, oldest first. */
type Copy = { readonly number: number; readonly openedBy: readonly number[] };

type Fate = 'goes-on' | 'dies-before-it-asks' | 'dies-before-it-hears';
type Move = { readonly copy: number; readonly fate: Fate; readonly isAllowed: boolean };

const moves: fc.Arbitrary<readonly Move[]> = fc.array(
  fc.record({
    copy: fc.nat(20),
    fate: fc.constantFrom<Fate>('goes-on', 'goes-on', 'goes-on', 'dies-before-it-asks', 'dies-before-it-hears'),
    isAllowed: fc.boolean(),
  }),
  { maxLength: 30 },
);

/** A boot that was let go on: from which confirmed boot its disk came, which was the last one then, who allowed it. */
type Confirmed = { readonly from: number | null; readonly last: number | null; readonly isAllowed: boolean };

class Story {
  #vm: Vm;
  #boot = 0;
  #last: number | null = null;
  readonly #copies: Copy[] = [];
  readonly confirmed = new Map<number, Confirmed>();

  constructor() {
    const before = fold(vm, untilSealed.placed);
    if (before === null) throw new Error('the story begins with a VM');
    this.#vm = before;
  }

  play({ copy, fate, isAllowed }: Move): void {
    this.#begin();
    const n = this.#boot;
    const minCounter = this.#vm.volume?.counter ?? 0;
    const [released] = this.#decide(release(n));
    if (released?.type !== 'VmKeyReleased' || released.counter === null) throw new Error('no key was released');
    const { mode, counter } = released;
    const disk = (mode === 'format' ? null : this.#copies[copy % this.#copies.length]) ?? { number: 0, openedBy: [] };
    const from = disk.openedBy.findLast((one) => this.confirmed.has(one)) ?? null;
    const opening = openingOf(disk.number, { mode, minCounter, counter });
    const written = { number: counter, openedBy: [...disk.openedBy, n] };
    if (opening.isLatest) this.#copies.push(written);
    expect(opening.isLatest, 'the disk that was confirmed last, and no other').toBe(from === this.#last);
    if (fate === 'dies-before-it-asks') return;
    const said = confirm(n, opening.counter);
    const isAsked = this.#decide(said).some(({ type }) => type === 'VmRollbackSuspected');
    if (isAsked && !this.#goesOn(said, isAllowed)) return;
    this.confirmed.set(n, { from, last: this.#last, isAllowed: isAsked });
    this.#last = n;
    if (!opening.isLatest && fate === 'goes-on') this.#copies.push(written);
  }

  /** Whether its owner lets a boot go on that waits. */
  #goesOn(said: VmCommand, isAllowed: boolean): boolean {
    if (isAllowed) this.#decide({ type: 'ConsentVm', kind: 'rollback', bootId: boot(this.#boot), now: noon });
    else expect(() => vm.decide(this.#vm, said)).toThrow(Refusal);
    return isAllowed && this.#decide(said).some(({ type }) => type === 'VmBootConfirmed');
  }

  #begin(): void {
    const ended = this.#boot;
    this.#boot += 1;
    if (ended > 0) this.#happen(happened.stopped(ended, 'crash', ended), happened.bootAuthorized(this.#boot, 'crash'));
    this.#happen(sealed.specified(this.#boot));
  }

  #decide(command: VmCommand): readonly VmEvent[] {
    const events = vm.decide(this.#vm, command);
    this.#happen(...events);
    return events;
  }

  #happen(...events: readonly VmEvent[]): void {
    for (const event of events) this.#vm = vm.evolve(this.#vm, event) ?? this.#vm;
  }
}

describe('the copies of a disk that its host keeps', () => {
  test('given any of them at any boot, ended anywhere / when a boot goes on that nobody allowed / then it is the disk that was confirmed last', () =>
    fc.assert(
      fc.property(moves, (all) => {
        const story = new Story();
        for (const move of all) story.play(move);
        for (const [n, { from, last, isAllowed }] of story.confirmed) {
          if (!isAllowed) expect(from, `boot ${n}`).toBe(last);
        }
      }),
      { numRuns: 1_000 },
    ));

  test('given an owner who allowed an older disk / when that one and the newest come back, each as often as it likes / then one of them boots without another word', () =>
    fc.assert(
      fc.property(moves, moves, (before, after) => {
        const story = new Story();
        for (const move of before) story.play(move);
        const allowed = story.confirmed.size;
        for (const move of after) story.play({ ...move, isAllowed: false });
        // Each goes on from the one before it: never two from the same.
        const froms = [...story.confirmed.values()].slice(allowed).map(({ from }) => from);
        expect(new Set(froms).size).toBe(froms.length);
      }),
      { numRuns: 500 },
    ));
});
