import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { facts, fitted, table } from './table.ts';

describe('a table', () => {
  test('puts each column under its heading, and nothing after the last', () => {
    expect(
      table(
        ['ID', 'NAME'],
        [
          ['1a2b', 'web'],
          ['7', 'a-longer-name'],
        ],
      ),
    ).toBe(['ID    NAME', '1a2b  web', '7     a-longer-name', ''].join('\n'));
  });

  test('on a narrow screen is without what is wanted least, and says so; in a pipe it is whole', () => {
    const of = (columns: number | null) =>
      fitted(
        { columns, optional: ['AGE', 'NOTE'] },
        ['ID', 'AGE', 'NOTE', 'TIER'],
        [['1', '2 s ago', 'new', 'SIMULATED']],
      );
    expect(of(null)).toBe('ID  AGE      NOTE  TIER\n1   2 s ago  new   SIMULATED\n');
    expect(of(80)).toBe(of(null));
    expect(of(20)).toBe('ID  NOTE  TIER\n1   new   SIMULATED\n(not shown, to fit 20 columns: AGE)\n');
    expect(of(5)).toBe('ID  TIER\n1   SIMULATED\n(not shown, to fit 5 columns: AGE, NOTE)\n');
  });

  test('without rows is its headings', () => {
    expect(table(['ID', 'NAME'], [])).toBe('ID  NAME\n');
  });

  test('given names with line breaks and escape codes, then every row is still one line without them', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }))), (rows) => {
        const lines = table(['A', 'B'], rows).split('\n');
        expect(lines).toHaveLength(rows.length + 2);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly what must not be there.
        for (const line of lines) expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
      }),
    );
  });
});

test('facts line their values up', () => {
  expect(
    facts([
      ['vm', 'web'],
      ['protection', 'platform none (NOT confidential)'],
    ]),
  ).toBe('vm          web\nprotection  platform none (NOT confidential)\n');
});
