import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';

// The page says which test holds off which attack; a test that is renamed or removed takes its row with it.
const page = await readFile('docs/attacks.md', 'utf8');
const rows = [...page.matchAll(/^\| [^|]*\| `([^`]+)` \| ([^|]+) \|$/gm)].map(([, path = '', title = '']) => ({
  path,
  title: title.trim(),
}));

describe('the page of attacks', () => {
  test('has a row for every line of its table', () => {
    const lines = page.split('\n').filter((line) => line.startsWith('|'));
    expect(rows.length).toBe(lines.length - 2);
  });

  test.each(rows)('names a test that is there: $title', async ({ path, title }) => {
    expect(await readFile(path, 'utf8')).toContain(title);
  });
});
