import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A text file of the repository: its path from the root, with `/` between folders. */
export type Source = { readonly path: string; readonly text: string };

/** What is wrong, where, and what to do instead. */
export type Finding = { readonly path: string; readonly line: number; readonly detail: string };

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

const skipped: ReadonlySet<string> = new Set(['node_modules', 'dist', 'coverage', '.git', '.hcc']);
const TEXT = /(\.(ts|js|mjs|json|md|yml|yaml|sh|c|h|txt|conf)|^run|^Dockerfile|^LICENSE|^\.npmrc|^\.gitignore)$/;

/** Every text file of the repository, in the order of its path. */
export const readSources = (): readonly Source[] => walk(root).map((path) => read(path));

/** One file by its path from the root. */
export const read = (path: string): Source => ({ path, text: readFileSync(join(root, path), 'utf8') });

const walk = (folder: string): readonly string[] =>
  readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      if (skipped.has(entry.name)) return [];
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return walk(path);
      return entry.isFile() && TEXT.test(entry.name) ? [relative(root, path).split(sep).join('/')] : [];
    });

export const isTypeScript = ({ path }: Source): boolean => path.endsWith('.ts');

/** Test code may import and do what production code may not. */
export const isTest = (path: string): boolean => /\.(spec|fixture)\.ts$/.test(path) || path.startsWith('test/');

export const say = ({ path, line, detail }: Finding): string => `${path}:${line} ${detail}`;

/** A finding for each match of a pattern, line by line. */
export const findLines = (path: string, text: string, pattern: RegExp, detail: string): readonly Finding[] =>
  text.split('\n').flatMap((line, index) => (pattern.test(line) ? [{ path, line: index + 1, detail }] : []));
