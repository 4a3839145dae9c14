import { describe, expect, test } from 'vitest';
import { bans, checkBans, checkFolders } from './tidy/bans.ts';
import { checkDirection } from './tidy/direction.ts';
import { checkLengths } from './tidy/lengths.ts';
import { checkContinuous, checkLock, checkMachinePaths, checkVersions } from './tidy/packaging.ts';
import { checkReachable } from './tidy/reachable.ts';
import { type Finding, read, readSources, type Source, say } from './tidy/sources.ts';

const sources = readSources();
const packageJson = read('package.json');

const none = (findings: readonly Finding[]): void => expect(findings.map(say)).toEqual([]);
const file = (path: string, text: string): Source => ({ path, text });

describe('the repository', () => {
  test('imports point one way: domain, events, adapters, apps', () => none(checkDirection(sources)));
  test('banned words are not used', () => none(checkBans(sources)));
  test('every folder has an idea in its name', () => none(checkFolders(sources)));
  test('files and functions stay short', () => none(checkLengths(sources)));
  test('every file is reached from somewhere', () => none(checkReachable(sources, packageJson.text)));
  test('versions are exact', () => none(checkVersions(packageJson)));
  test('the lock file names no registry', () => none(checkLock(read('package-lock.json'))));
  test('CI runs what one runs before a push', () => none(checkContinuous(read('.ci/run'), packageJson.text)));
  test('no file names a folder of one machine', () => none(checkMachinePaths(sources)));
});

describe('the checks can fail', () => {
  test.each([
    ['libs/domain/src/a.ts', "import { createHash } from 'node:crypto';"],
    ['libs/domain/src/a.ts', "import { streamName } from '#events';"],
    ['libs/domain/src/a.ts', "import type { Clock } from '../../events/src/ports/clock.ts';"],
    ['libs/events/src/a.ts', "import { join } from 'node:path';"],
    ['libs/events/src/a.ts', "const store = await import('#adapters/sqlite');"],
    ['libs/adapters/memory/src/a.ts', "export { open } from '../../sqlite/src/open.ts';"],
    ['libs/adapters/nats/src/a.ts', "import { createMemoryEventStore } from '#adapters/memory';"],
    ['libs/host/src/a.ts', "import { Refusal } from '#domain';"],
    ['libs/images/src/a.ts', "import { UnknownEvent } from '#events';"],
    ['libs/luks/src/a.ts', "import { execFile } from 'node:child_process';"],
    ['libs/guest-channel/src/a.ts', "import { connect } from 'node:net';"],
    ['libs/sealing/src/a.ts', "import { readFile } from 'node:fs/promises';"],
    ['libs/passport/src/a.ts', "import { readFile } from 'node:fs/promises';"],
    ['libs/edge/src/a.ts', "import { createMemoryLeases } from '#adapters/memory';"],
    ['libs/adapters/nats/src/a.ts', "import { Module } from '@nestjs/common';"],
    ['libs/simulated-processor/src/a.ts', "import { createMemoryEventStore } from '#adapters/memory';"],
    ['apps/miner-node/src/a.ts', "import { simulatedProcessor } from '#simulated-processor';"],
    ['apps/miner-node/src/a.ts', "const loaded = await import('#simulated-processor');"],
    ['scripts/a.ts', "import type { simulatedProcessor } from '#simulated-processor';"],
    ['apps/cli/src/a.ts', "import { config } from '../../orchestrator/src/config.ts';"],
  ])('given %s, when it says %s, then that arrow is refused', (path, text) => {
    expect(checkDirection([file(path, `\n${text}\n`)]).map(say)).toEqual([
      expect.stringContaining(`${path}:2 imports`),
    ]);
  });

  test('given a spec of the domain, when it imports a test library, then it may', () =>
    none(checkDirection([file('libs/domain/src/a.spec.ts', "import fc from 'fast-check';")])));

  test.each([
    ['Date.now(', 'const at = Date.now();'],
    ['new Date()', 'const at = new Date();'],
    ['Math.random', 'const half = Math.random() < 0.5;'],
    ['randomUUID', 'const id = randomUUID();'],
    ['console.', 'console.log(1);'],
    ['.only(', "test.only('x', () => undefined);"],
    ['.skip(', "describe.skip('x', () => undefined);"],
    ['FIXME', '// FIXME later'],
    ['TODO', '/** TODO later */'],
    ['export default', 'export default {};'],
    ['export *', "export * from './a.ts';"],
    ['any', 'const parse = (text: string): any => JSON.parse(text);'],
    ['any', 'const list: any[] = [];'],
    ['any', 'const x = y as any;'],
    ['!', 'const name = person!.name;'],
    ['!', 'const first = list[0]!;'],
    ['enum', 'export enum Colour { Red }'],
    ['namespace', 'namespace A {}'],
    ['shell: true', "spawn('ls', { shell: true });"],
    ['exec(', 'exec(`rm $' + '{path}`);'],
  ])('given %s, when code has it, then its line and the replacement are named', (name, text) => {
    const instead = bans.find((ban) => ban.name === name)?.instead;
    const findings = checkBans([file('apps/cli/src/a.ts', `const a = 1;\n${text}\n`)]).map(say);
    expect(findings).toContain(`apps/cli/src/a.ts:2 has ${name}: ${instead}`);
  });

  test('given a banned word in a comment, a string or a pattern, then it is no code', () => {
    const text = [
      "const say = 'Date.now() and any';",
      '// console.log is what we do not write: any',
      'const found = /Math.random/.exec(text);',
      'const sentence = `said $' + "{name !== 'any' ? 'Date.now()' : 1} console.log`;",
      'if (!(a != b)) ok = a !== b;',
    ];
    none(checkBans([file('apps/cli/src/a.ts', text.join('\n'))]));
  });

  test('given the one exempt file, when it reads the clock, then it may', () =>
    none(checkBans([file('libs/adapters/system/src/system-clock.ts', 'const now = () => Date.now();')])));

  test.each(['libs/events/src/utils/a.ts', 'apps/cli/src/helpers/a.ts', 'libs/common/a.ts'])(
    '%s is refused',
    (path) => {
      expect(checkFolders([file(path, '')])).toHaveLength(1);
    },
  );

  test('given a long file or function, then each is named', () => {
    const body = (lines: number) => 'work();\n'.repeat(lines);
    const findings = checkLengths([
      file('long.ts', body(201)),
      file('arrow.ts', `const run = async (a: { b: 1 }): Promise<void> => {\n${body(50)}};\n`),
      file('method.ts', `class A {\n  run(a: string): void {\n${body(50)}}\n}\n`),
      file('short.ts', `const run = () => {\n${body(30)}if (a) {\n${body(10)}}\n};\n`),
      file(
        'factory.ts',
        `const make = () => {\n  const a = () => {\n${body(45)}};\n  const b = () => {\n${body(45)}};\n};\n`,
      ),
    ]);
    expect(findings.map(({ path, line }) => `${path}:${line}`)).toEqual(['long.ts:201', 'arrow.ts:1', 'method.ts:2']);
  });

  test('given a file nobody imports, or only a test, then it is dead', () => {
    const findings = checkReachable(
      [
        file('apps/cli/src/main.ts', "import { go } from './go.ts';\nimport '#domain';"),
        file('apps/cli/src/go.ts', "new Worker(new URL('./worker.ts', import.meta.url));"),
        file('apps/cli/src/worker.ts', ''),
        file('apps/cli/src/dead.ts', "import './go.ts';"),
        file('apps/cli/src/tested.ts', ''),
        file('apps/cli/src/tested.spec.ts', "import './tested.ts';"),
        file('libs/domain/src/index.ts', ''),
      ],
      packageJson.text,
    );
    expect(findings.map(({ path }) => path)).toEqual(['apps/cli/src/dead.ts', 'apps/cli/src/tested.ts']);
  });

  test('given a version range, a registry host or a path of one machine, then its line is named', () => {
    const ranges = file('package.json', '{\n"dependencies": {\n"a": "^1.0.0",\n"b": "1.0.0" } }');
    const lock = file('package-lock.json', `{\n"resolved": "https:${'//'}registry.example/a.tgz"\n}`);
    const machine = file('docs/a.md', `see\n/${'work'}/main\nand src/work/a.ts`);
    expect(
      [...checkVersions(ranges), ...checkLock(lock), ...checkMachinePaths([machine])].map(({ line }) => line),
    ).toEqual([3, 2, 2]);
  });

  test('given a CI that leaves out a part of the check before a push, then that part is named', () => {
    const findings = checkContinuous(file('.ci/run', 'npm ci\nnpm run types\nnpm test\n'), packageJson.text);
    expect(findings.map(say)).toEqual(['.ci/run:1 does not run "npm run lint", which "npm run check" is made of']);
  });
});
