import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { columns } from './columns.ts';

test('given the page about exports, then it lists every column, with its type, in order', () => {
  const page = readFileSync(new URL('../../../../docs/exports.md', import.meta.url), 'utf8');
  const listed = [...page.matchAll(/^\| `([a-z_]+)` \| ([A-Z]+) \|/gm)].map(([, name, type]) => [name, type]);
  expect(listed).toEqual(columns);
});
