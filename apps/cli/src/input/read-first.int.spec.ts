import { afterEach, describe, expect, test } from 'vitest';
import { fakeMachine } from '../../../../test/cli/fake-machine.ts';
import { cleanUp, machineWith } from '../../../../test/cli/machine-with.ts';
import { doersOf } from '../conventions/tree.ts';
import { heavyNouns } from '../heavy-nouns.ts';
import { buildProgram } from '../program.ts';

afterEach(cleanUp);

/** What stands in a help text for a number, a size, a time. */
const amounts =
  /[<[](n|size|span|time|moment|revision|credits|seconds|port|bits|eax|rows|count|bytes|age|limit|position)[>\]]/;

/** Every place on a command line where an amount is typed: the words before it, and the name it is refused by. */
const places = (() => {
  const machine = fakeMachine();
  const found = doersOf(buildProgram(machine.cli(), heavyNouns)).flatMap((leaf) => {
    const words: string[] = [];
    for (let at: typeof leaf | null = leaf; at?.parent; at = at.parent) words.unshift(at.name());
    const options = leaf.options.filter(({ flags }) => amounts.test(flags)).map(({ long }) => [...words, long ?? '']);
    const typed = leaf.registeredArguments.findIndex((argument) => amounts.test(`<${argument.name()}>`));
    return typed < 0 ? options : [...options, [...words, ...Array.from({ length: typed }, () => 'one')]];
  });
  machine.remove();
  return found;
})();

describe('what is typed wrongly is refused before anybody is asked', () => {
  test('of every verb that takes an amount', () => expect(places.length).toBeGreaterThan(35));

  test.each(places.map((place) => [place.join(' '), place] as const))('hcc %s', async (_, place) => {
    const { hcc, api } = await machineWith({});
    for (const text of ['soon', '-1']) {
      const { code, err } = await hcc(...place, text);
      expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining(`observed "${text}"`) });
      expect(err).toMatch(/observed .*, wanted .*\n {2}fix: /);
    }
    expect(api.asked).toEqual([]);
  });
});
