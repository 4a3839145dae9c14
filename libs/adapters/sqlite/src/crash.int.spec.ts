import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nextLine, startChild } from '../../../../test/conformance/child-process.ts';
import { readEverything } from '../../../../test/conformance/new-events.ts';
import { freshFile, openFile } from '../../../../test/conformance/sqlite-files.ts';

const rounds = 20;
/** Each round starts a process and verifies a growing log: seconds on a busy machine. */
const timeoutMs = 180_000;
const killAfter = fc.sample(fc.integer({ min: 1, max: 1_000 }), { seed: 20_261_121, numRuns: rounds });

test(
  'given a writer / when it is killed in the middle of its work, again and again / then all it acknowledged is there',
  async () => {
    const file = await freshFile();
    const acknowledged = new Map<string, string>();
    for (const acknowledgements of killAfter) {
      const child = startChild('append-forever', file);
      for (let n = 0; n < acknowledgements; n += 1) note(acknowledged, await nextLine(child));
      child.process.kill('SIGKILL');
      for await (const line of child.lines) note(acknowledged, line);
      await child.ended;

      const { store, verifyLog, close } = await openFile(file);
      const recorded = new Map(
        (await readEverything(store)).map((event) => [`${event.stream} ${event.revision}`, event]),
      );
      const missing = [...acknowledged].filter(([place, eventId]) => recorded.get(place)?.eventId !== eventId);
      expect(missing).toEqual([]);
      expect(await verifyLog()).toMatchObject({ events: recorded.size, fault: null, integrity: 'ok' });
      await close();
    }
    expect(acknowledged.size).toBeGreaterThanOrEqual(killAfter.reduce((sum, count) => sum + count, 0));
  },
  timeoutMs,
);

/** A line cut short by the kill is no acknowledgement: nobody could have acted on it. */
const note = (acknowledged: Map<string, string>, line: string): void => {
  const [, place, eventId] = /^(vm-writer-\d+ \d+) ([0-9a-f-]{36})$/.exec(line) ?? [];
  if (place !== undefined && eventId !== undefined) acknowledged.set(place, eventId);
};
