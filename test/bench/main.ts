import { parseArgs } from 'node:util';
import { attestorEndToEnd, attestorMemory, attestorMemoryName } from './attestor.ts';
import { catchUp } from './catch-up.ts';
import { httpCommand } from './http.ts';
import { imaMemory, imaMemoryName, imaReplay } from './ima.ts';
import { launchDigest } from './launch-digest.ts';
import { luksWriter } from './luks-writer.ts';
import { memory, memoryName } from './memory.ts';
import { type Case, runCase } from './pairs.ts';
import { placement } from './placement.ts';
import { relay } from './relay.ts';
import { releaseRoundTrip } from './release.ts';
import { type Bench, line, notMeasured, type Result, runAll } from './report.ts';
import { snpVerifyNewChain, snpVerifyNewVek, snpVerifyWarm } from './snp.ts';
import { sqliteAppend } from './sqlite-append.ts';
import { tpmQuoteEcdsa, tpmQuoteRsa } from './tpm.ts';
import { vmStartToSsh, vmToSsh, vmUnlock, vmUnlockName } from './vm.ts';

const help = `Usage: npm run bench -- [--json] [--only NAME,NAME] [--pairs N]

Measures ours against the bare driver or primitive, in turn, and holds the median ratio against its bar.
Progress goes to stderr, with each figure as it comes. One that fails has its reason in place of a figure; when the run is ended
early, what there is comes to stdout all the same. Exit code 0: every bar is met; 1: one is not; 2: usage.

  --json         one JSON value: [{name, unit, ours, raw, ratio, bar, ok}], or {name, ok: false, error} of one that failed
  --only NAMES   only these, separated by commas
  --pairs N      pairs of each, instead of what each has by itself
  --history N    events of the long history, 10,000,000 by itself: some 7 GB of disk, and half an hour
  --rounds N     rounds of the attestor's memory, 100,000 by itself: some twenty minutes
  --list         the names

Examples:
  npm run bench -- --json
  npm run bench -- --only relay-to-jetstream --pairs 3
`;

/** What the processor does first, then what waits for disks and a bus, then what boots. */
const cases: readonly Case[] = [
  sqliteAppend,
  catchUp,
  tpmQuoteEcdsa,
  tpmQuoteRsa,
  launchDigest,
  imaReplay,
  snpVerifyWarm,
  snpVerifyNewVek,
  snpVerifyNewChain,
  releaseRoundTrip,
  luksWriter,
  relay,
  httpCommand,
  attestorEndToEnd,
  vmToSsh,
  vmStartToSsh,
];

const tell = (text: string): void => void process.stderr.write(`${text}\n`);

type Settings = { readonly pairs: number | undefined; readonly history: number; readonly rounds: number };

const benches = ({ pairs, history, rounds }: Settings): readonly Bench[] => [
  { name: 'placement-5000-miners', run: () => placement(pairs ?? 11) },
  { name: imaMemoryName, run: () => imaMemory(pairs ?? 3, tell) },
  ...cases.map((one) => ({
    name: one.name,
    run: () => runCase(pairs === undefined ? one : { ...one, pairs }, tell),
  })),
  { name: vmUnlockName, run: () => vmUnlock(pairs ?? 5) },
  { name: attestorMemoryName, run: () => attestorMemory(rounds, tell) },
  { name: memoryName, run: () => memory(history, tell) },
];

const run = async (): Promise<number> => {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      only: { type: 'string' },
      pairs: { type: 'string' },
      history: { type: 'string', default: '10000000' },
      rounds: { type: 'string', default: '100000' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const pairs = values.pairs === undefined ? undefined : Number(values.pairs);
  const all = benches({ pairs, history: Number(values.history), rounds: Number(values.rounds) });
  const names = all.map(({ name }) => name);
  if (values.help) process.stdout.write(help);
  if (values.list) process.stdout.write(`${names.join('\n')}\n`);
  if (values.help || values.list) return 0;
  const only = values.only?.split(',') ?? names;
  const unknown = only.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`there is no bench ${unknown}; there are ${names.join(', ')}`);
  if (!/^\d{5,9}$/.test(values.history))
    throw new Error(`--history ${values.history} is no number of events from 10000 on`);
  if (!/^\d{4,8}$/.test(values.rounds))
    throw new Error(`--rounds ${values.rounds} is no number of rounds from 1000 on`);
  if (pairs !== undefined && !(pairs >= 1)) throw new Error(`--pairs ${values.pairs} is no number of pairs`);
  return measure(
    all.filter(({ name }) => only.includes(name)),
    values.json,
  );
};

/** Runs them, and says what there is also when somebody ends it early: some of these figures took half an hour. */
const measure = async (wanted: readonly Bench[], json: boolean): Promise<number> => {
  const results: Result[] = [];
  const report = (all: readonly Result[]): void =>
    void process.stdout.write(json ? `${JSON.stringify(all)}\n` : all.map((one) => `${line(one)}\n`).join(''));
  for (const [signal, code] of [['SIGINT', 130] as const, ['SIGTERM', 143] as const]) {
    process.once(signal, () => {
      report([...results, ...notMeasured(wanted, results, signal)]);
      process.exit(code);
    });
  }
  await runAll(wanted, { tell, done: (result) => results.push(result) });
  report(results);
  return results.every(({ ok }) => ok) ? 0 : 1;
};

try {
  process.exitCode = await run();
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n${help}`);
  process.exitCode = 2;
}
