import { expect, test } from 'vitest';
import { lastWords } from './log-tail.ts';

test('the last words of a program are its messages, and why', () => {
  const log = [
    '{"level":30,"msg":"started"}',
    '{"level":50,"msg":"start failed","err":{"message":"port 7070 is in use"}}',
    'orchestrator: port 7070 is in use',
    '',
  ].join('\n');
  expect(lastWords(log)).toEqual(['started', 'start failed: port 7070 is in use', 'orchestrator: port 7070 is in use']);
});

test('of a crash, what was thrown and not where in Node', () => {
  const log = [
    'node:internal/modules/cjs/loader:1568',
    '  throw err;',
    '  ^',
    "Error: Cannot find module 'x'",
    '    at Module._load (node:internal/modules/cjs/loader:1341:5)',
    "  code: 'MODULE_NOT_FOUND',",
    '}',
    'Node.js v24.21.0',
  ].join('\n');
  expect(lastWords(log)).toEqual(["Error: Cannot find module 'x'"]);
});

test('no more than the last few', () => {
  expect(lastWords(Array.from({ length: 20 }, (_, index) => `line ${index}`).join('\n'))).toEqual(
    [15, 16, 17, 18, 19].map((index) => `line ${index}`),
  );
});
