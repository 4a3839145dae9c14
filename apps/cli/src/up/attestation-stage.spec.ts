import { expect, test } from 'vitest';
import { stageOf } from './attestation-stage.ts';

const at = Date.parse('2026-11-21T11:11:00.000Z');
const line = (seconds: number, msg: string, more: object = {}): string =>
  JSON.stringify({ level: 'info', time: new Date(at + seconds * 1_000).toISOString(), msg, ...more });

test('given an agent that said nothing of it / then there is nothing to tell', () => {
  expect(stageOf('', at)).toBeNull();
  expect(stageOf(`not json\n${line(1, 'started')}\n{"cut`, at)).toBeNull();
});

test.each([
  ['swtpm', {}, 'makes its software TPM'],
  ['host measured', { files: 473 }, 'measured its 473 files into the TPM'],
  ['attestation key enrolled', {}, 'enrolled its attestation key; HCCAM boots'],
  ['HCCAM runs', { bootMs: 12_944 }, 'HCCAM runs after 13 s; its evidence is judged'],
  [
    'not attested, it is tried again',
    { code: 'hccam-silent', reason: 'HCCAM said nothing' },
    'not attested yet, hccam-silent: HCCAM said nothing',
  ],
])('given a log that ends with "%s" / then that is where it is', (msg, more, words) => {
  const log = [line(1, 'started'), line(2, 'swtpm'), line(3, msg, more), line(4, 'reading specs'), '{"cut'].join('\n');
  expect(stageOf(log, at)).toBe(words);
});

test('given what an earlier run said / then it is not told again', () => {
  expect(stageOf([line(-5, 'HCCAM runs', { bootMs: 1 })].join('\n'), at)).toBeNull();
});
