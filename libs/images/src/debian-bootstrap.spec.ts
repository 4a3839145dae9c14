import { expect, test } from 'vitest';
import { bootstrapProgress } from './debian-bootstrap.ts';

test('given what apt and dpkg say, in pieces / when it is followed / then bytes and packages are told, a line for every so many', () => {
  const told: string[] = [];
  const follow = bootstrapProgress(({ detail }) => told.push(detail));
  const text = [
    'Need to get 29.7 MB of archives.',
    'Get:1 http://mirror.example bookworm/main amd64 libc6 amd64 2.36 [2,754 kB]',
    'Fetched 29.7 MB in 1s (61.1 MB/s)',
    ...Array.from({ length: 30 }, (_, n) => `Unpacking package-${n}:amd64 (1.${n}) ...`),
    ...Array.from({ length: 25 }, (_, n) => `Setting up package-${n}:amd64 (1.${n}) ...`),
    '',
  ].join('\n');
  for (let at = 0; at < text.length; at += 7) follow(text.slice(at, at + 7));
  expect(told).toEqual([
    'fetching 29.7 MB of packages',
    'fetched 29.7 MB, 61.1 MB/s',
    '25 unpacked, 0 configured',
    '30 unpacked, 25 configured',
  ]);
});
