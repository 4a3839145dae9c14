import { posix } from 'node:path';
import { type Finding, isTest, type Source } from './sources.ts';

export type Import = { readonly line: number; readonly from: string };

/** What each part may import beside itself: our doors, and packages by name (`*` is any). */
type Allowed = { readonly doors: readonly string[]; readonly packages: readonly string[] };

const parts: readonly (Allowed & { readonly folder: RegExp; readonly why: string })[] = [
  { folder: /^libs\/domain\//, doors: [], packages: [], why: 'domain imports nothing, not even Node' },
  {
    folder: /^libs\/events\//,
    doors: ['#domain'],
    packages: ['zod', 'canonicalize', 'node:crypto'],
    why: 'events imports domain, zod, canonicalize and node:crypto',
  },
  {
    folder: /^libs\/simulated-processor\//,
    doors: ['#attestation'],
    packages: ['node:crypto', 'node:buffer'],
    why: 'the simulated processor stands beside attestation, and only its loader names it',
  },
  {
    folder: /^libs\/adapters\/processor\//,
    doors: ['#attestation'],
    packages: [],
    why: 'the loader knows the shape of a simulated processor and nothing else',
  },
  {
    folder: /^libs\/adapters\/amd-kds\//,
    doors: ['#domain', '#events', '#attestation'],
    packages: ['*'],
    why: 'the key server adapter implements a port of attestation',
  },
  {
    folder: /^libs\/adapters\/[^/]+\//,
    doors: ['#domain', '#events', '#sqlite-file'],
    packages: ['*'],
    why: 'an adapter imports domain, events and the package it adapts',
  },
  {
    folder: /^libs\/sqlite-file\//,
    doors: [],
    packages: ['better-sqlite3'],
    why: 'what adapters over SQLite share stands beside domain',
  },
  { folder: /^libs\/host\//, doors: [], packages: ['*'], why: 'host stands beside domain and imports no lib of ours' },
  { folder: /^libs\/images\//, doors: ['#host'], packages: ['*'], why: 'images imports only host' },
  {
    folder: /^libs\/attestation\//,
    doors: [],
    packages: ['node:crypto', 'node:buffer', 'jose', 'zod'],
    why: 'attestation stands beside domain: bytes in, verdicts out, no file and no network',
  },
  {
    folder: /^libs\/luks\//,
    doors: [],
    packages: ['node:buffer', 'node:crypto', 'node:fs/promises', 'node:path', 'node:util', 'zod'],
    why: 'luks stands beside domain: an owner and a guest trust it with keys',
  },
  {
    folder: /^libs\/guest-channel\//,
    doors: [],
    packages: ['node:buffer', 'zod'],
    why: 'the guest channel stands beside domain: a guest trusts it',
  },
  {
    folder: /^libs\/sealing\//,
    doors: ['#attestation'],
    packages: ['node:crypto', 'node:buffer', 'hpke', 'zod'],
    why: 'sealing stands beside attestation, whose transcript it binds to: a guest and the network trust it with keys',
  },
  {
    folder: /^libs\/passport\//,
    doors: ['#domain', '#events', '#attestation'],
    packages: ['node:crypto', 'node:buffer', 'canonicalize', 'zod'],
    why: 'a passport is checked offline: it imports rules, stored forms and attestation, no file and no network',
  },
  {
    folder: /^libs\/edge\//,
    doors: ['#domain', '#events'],
    packages: ['*', '@nestjs/'],
    why: 'edge imports domain and events',
  },
  {
    folder: /^apps\/[^/]+\//,
    doors: ['#'],
    packages: ['*', '@nestjs/'],
    why: 'apps meet on streams, subjects and HTTP',
  },
  { folder: /^scripts\//, doors: ['#'], packages: ['*'], why: 'a script imports libs' },
];

/** Every import that points against the direction `domain ← events ← adapters ← apps`. */
export const checkDirection = (sources: readonly Source[]): readonly Finding[] =>
  sources
    .filter(({ path }) => !isTest(path))
    .flatMap((source) => {
      const part = parts.find(({ folder }) => folder.test(source.path));
      if (part === undefined) return [];
      const own = part.folder.exec(source.path)?.[0] ?? '';
      return importsOf(source)
        .filter(({ from }) => !mayImport(part, own, source.path, from))
        .map(({ line, from }) => ({
          path: source.path,
          line,
          detail: `imports ${from}, but ${part.why}: move the code or pass it in`,
        }));
    });

const mayImport = (part: Allowed, own: string, path: string, from: string): boolean => {
  if (from.startsWith('.')) return posix.join(posix.dirname(path), from).startsWith(own);
  // Left out of production builds: an import, static or not, would break them. Its loader finds it by name at run time.
  if (from === '#simulated-processor') return false;
  if (from.startsWith('#')) return part.doors.some((door) => door === '#' || door === from);
  if (from.startsWith('@nestjs/')) return part.packages.includes('@nestjs/');
  return part.packages.some((name) => name === '*' || name === from);
};

const FROM = /(?:\bfrom|\bimport)\s*\(?\s*['"]([^'"]+)['"]/g;

/** Every module a file names, static or dynamic, with its line. */
export const importsOf = ({ text }: Source): readonly Import[] =>
  text.split('\n').flatMap((line, index) =>
    // A line of prose in a comment imports nothing.
    /^\s*(\*|\/\/)/.test(line) ? [] : [...line.matchAll(FROM)].map(([, from = '']) => ({ line: index + 1, from })),
  );
