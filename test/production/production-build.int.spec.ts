import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../tidy/sources.ts';

const run = promisify(execFile);
const tsc = join(root, 'node_modules', '.bin', 'tsc');
/** The whole program is compiled; seconds alone, longer beside other suites. */
const compileMs = 300_000;
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hcc-prod-'));
}, compileMs);
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a production build', () => {
  test(
    'given the sources as they are, then it compiles without the simulated processor and refuses it by name',
    async () => {
      const options = ['--outDir', join(folder, 'dist'), '--incremental', 'false', '--tsBuildInfoFile', 'null'];
      await run(tsc, ['-p', join(root, 'tsconfig.production.json'), ...options]);
      await copyFile(join(root, 'package.json'), join(folder, 'package.json'));
      await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
      const libs = await readdir(join(folder, 'dist', 'libs'));
      expect(libs).toContain('attestation');
      expect(libs).not.toContain('simulated-processor');
      const loader = join(folder, 'dist', 'libs', 'adapters', 'processor', 'src', 'index.js');
      const asked = `import(${JSON.stringify(loader)}).then((door) => door.loadSimulatedProcessor())
        .then(() => process.stdout.write('loaded'), (error) => process.stdout.write(error.code))`;
      const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', asked]);
      expect(stdout).toBe('simulated-processor-not-in-this-build');
    },
    compileMs,
  );

  test(
    'given a program that imports the simulated processor, then it does not compile',
    async () => {
      const own = join(folder, 'own');
      const config = {
        extends: join(root, 'tsconfig.production.json'),
        compilerOptions: { noEmit: true, incremental: false, tsBuildInfoFile: null, rootDir: '/', types: [] },
        include: [],
        files: [fileURLToPath(new URL('./careless.fixture.ts', import.meta.url))],
      };
      await writeFile(`${own}.json`, JSON.stringify(config));
      const failure = await run(tsc, ['-p', `${own}.json`]).then(
        () => 'compiled',
        (error: { readonly stdout: string }) => error.stdout,
      );
      expect(failure).toMatch(/careless\.fixture\.ts.*Cannot find module '#simulated-processor'/);
    },
    compileMs,
  );
});
