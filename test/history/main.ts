import { mkdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { addGoldens, allCodecs, goldenDir } from './golden.ts';
import { recordedDir, recordHistory } from './recorded.ts';

const usage = `Adds the golden file of every event version that has none, and what older versions read as now.
It only adds files: one that is there is history and stays as it is.

  npm run goldens [-- --record NAME --seed K [--steps S] [--whole]]

  --record NAME  also keeps a run of the simulator, its log and its rows, under test/history/recorded/NAME
  --seed K       the seed of that run
  --steps S      its steps with faults (250)
  --whole        its VMs are sealed and move, and people decide around all that
`;

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      record: { type: 'string' },
      seed: { type: 'string', default: '1' },
      steps: { type: 'string', default: '250' },
      whole: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return void process.stdout.write(usage);
  const added = addGoldens(goldenDir(process.cwd()), allCodecs);
  for (const name of added) process.stdout.write(`added test/history/golden/${name}\n`);
  if (added.length === 0) process.stdout.write('nothing to add: every event version has its golden file\n');
  if (values.record === undefined) return;
  if (!/^[a-z0-9-]{1,60}$/.test(values.record)) throw new Error(`"${values.record}" is no name: a-z, 0-9 and -`);
  const dir = recordedDir(process.cwd());
  mkdirSync(dir, { recursive: true });
  const recording = { seed: Number(values.seed), steps: Number(values.steps), isWhole: values.whole };
  const events = await recordHistory(dir, values.record, recording);
  process.stdout.write(`added test/history/recorded/${values.record}: ${events} events\n`);
};

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
  process.exitCode = 1;
}
