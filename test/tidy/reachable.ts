import { posix } from 'node:path';
import { type Finding, isTest, type Source } from './sources.ts';

/** A file named in code: an import, or a worker or page given by a relative path. */
const NAMED = /['"`](\.{1,2}\/[^'"`\s]+?\.(?:ts|js|mjs)|#[a-z][\w/-]*)['"`]/g;

/**
 * TypeScript files that nothing leads to. Production code is reached from what package.json starts and from each app's
 * main.ts, test code from specs. The guest agent has two programs.
 */
export const checkReachable = (sources: readonly Source[], packageJson: string): readonly Finding[] => {
  const files = new Map(sources.filter(({ path }) => path.endsWith('.ts')).map((source) => [source.path, source]));
  const doors = doorsOf(packageJson);
  const follow = (entries: readonly string[]): ReadonlySet<string> => {
    const reached = new Set<string>();
    const next = [...entries];
    for (let path = next.pop(); path !== undefined; path = next.pop()) {
      const source = files.get(path);
      if (source === undefined || reached.has(path)) continue;
      reached.add(path);
      for (const [, named = ''] of source.text.matchAll(NAMED)) next.push(...resolve(path, named, doors));
    }
    return reached;
  };
  const started = [...packageJson.matchAll(/dist\/([\w/.-]+)\.js/g)].map(([, path]) => `${path}.ts`);
  const mains = [...files.keys()].filter((path) => /^apps\/[^/]+\/src\/(?:boot\/)?main\.ts$/.test(path));
  const production = follow([...mains, ...started.filter((path) => !path.includes('*'))]);
  const tests = follow([...files.keys()].filter((path) => path.endsWith('.spec.ts') || path === 'vitest.config.ts'));
  return [...files.keys()]
    .filter((path) => !production.has(path) && !(isTest(path) || path === 'vitest.config.ts' ? tests.has(path) : false))
    .map((path) => ({
      path,
      line: 1,
      detail: tests.has(path)
        ? 'is used by tests only: use it, move it under test/, or delete it'
        : 'is reached from nowhere: use it or delete it',
    }));
};

const resolve = (path: string, named: string, doors: ReadonlyMap<string, string>): readonly string[] => {
  if (named.startsWith('.')) return [posix.join(posix.dirname(path), named).replace(/\.m?js$/, '.ts')];
  const [door = '', folder] = [named.replace(/\/.*$/, ''), named.replace(/^[^/]*\//, '')];
  const index = doors.get(named) ?? doors.get(`${door}/*`)?.replace('*', folder);
  return index === undefined ? [] : [index];
};

const doorsOf = (packageJson: string): ReadonlyMap<string, string> =>
  new Map(
    [
      ...packageJson.matchAll(/"(#[\w/*-]+)":\s*\{\s*(?:"hcc-production": null,\s*)?"hcc-source":\s*"\.\/([^"]+)"/g),
    ].map(([, door = '', path = '']) => [door, path]),
  );
