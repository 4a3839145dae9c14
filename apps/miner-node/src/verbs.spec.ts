import { expect, test } from 'vitest';
import { readVerb } from './verbs.ts';

test.each([
  [[], { kind: 'run' }],
  [['doctor'], { kind: 'doctor', json: false }],
  [['doctor', '--json'], { kind: 'doctor', json: true }],
  [['undrain'], { kind: 'drain', args: ['undrain'] }],
  [['drain', '--reason', 'x'], { kind: 'drain', args: ['drain', '--reason', 'x'] }],
  [['--help'], { kind: 'say', code: 0 }],
  [['doctor', '--help'], { kind: 'say', code: 0 }],
])('given %j / when it is read / then it asks for %j', (args, asked) => {
  expect(readVerb(args)).toMatchObject(asked);
});

test.each([
  ['docotr', ['docotr']],
  ['--jsno', ['doctor', '--jsno']],
  ['--version', ['--version']],
  ['drian', ['drian', '--reason', 'x']],
])('given %j in a command line / when it is read / then that is refused by name, and starts nothing', (wrong, args) => {
  const text = expect.stringContaining(`miner-node: "${wrong}" is nothing it knows\n\nminer-node `);
  expect(readVerb(args)).toEqual({ kind: 'say', code: 2, text });
});
