import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { creditsText } from './credits.ts';
import { bytesText, safeText, shellWord } from './text.ts';
import { ageText, timeText } from './time.ts';

describe('text from outside', () => {
  test('loses its control characters, so that it cannot move a cursor', () => {
    expect(safeText('a\u001b[2Jb\nc')).toBe('a·[2Jb·c');
  });

  test('keeps line breaks and tabs where lines are wanted, and nothing else', () => {
    expect(safeText('a\tb\r\nc\u001b[31m\rd', 'lines')).toBe('a\tb\nc·[31m·d');
  });
});

test('a quoted word comes out of a shell as it went in', () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 1 }).filter((word) => !word.includes('\0')),
      (word) => {
        const said = execFileSync('sh', ['-c', `printf %s ${shellWord(word)}`], { encoding: 'utf8' });
        expect(said).toBe(word);
      },
    ),
    { numRuns: 30 },
  );
});

test('bytes are told in binary units', () => {
  expect([bytesText(512), bytesText(1024 ** 3), bytesText(1.5 * 1024 ** 2)]).toEqual(['512 B', '1 GiB', '1.5 MiB']);
});

describe('times', () => {
  const now = Date.parse('2026-01-31T12:00:00.000Z');

  test('are UTC, with their age', () => {
    expect(timeText('2026-01-31T11:59:48.000Z', now)).toBe('2026-01-31T11:59:48.000Z (12 s ago)');
  });

  test('that have not come are a dash, and those ahead of us say so', () => {
    expect([timeText(null, now), ageText(now + 300_000, now)]).toEqual(['-', 'in 5 min']);
  });
});

describe('credits', () => {
  test('of the API are told in whole ones', () => {
    expect(creditsText('99995000')).toBe('99.995 credits');
  });
});
