import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LineSplitter } from './lines.ts';

describe('cutting bytes into lines', () => {
  test('given any text cut anywhere / when it is pushed / then the lines are the same', () => {
    const line = fc.stringMatching(/^[^\r\n]{0,20}$/u);
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat(10), { maxLength: 40 }), (lines, cuts) => {
        const splitter = new LineSplitter(200);
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''));
        const out: string[] = [];
        let from = 0;
        for (const cut of [...cuts, bytes.length]) {
          out.push(...splitter.push(bytes.subarray(from, from + cut)).lines);
          from += cut;
        }
        expect(out).toEqual(lines);
      }),
    );
  });

  test('given any bytes / when they are pushed / then no line is longer than the limit and nothing throws', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 50 })), (chunks) => {
        const splitter = new LineSplitter(16);
        for (const chunk of chunks) {
          for (const line of splitter.push(chunk).lines) expect(line.length).toBeLessThanOrEqual(16);
        }
      }),
    );
  });

  test('given a line without end / when it passes the limit / then that is said and nothing more is taken', () => {
    const splitter = new LineSplitter(4);
    expect(splitter.push(Buffer.from('ok\nabcde'))).toEqual({ lines: ['ok'], overflow: true });
    expect(splitter.push(Buffer.from('x\n'))).toEqual({ lines: [], overflow: true });
  });
});
