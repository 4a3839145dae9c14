import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { problem } from '../../../test/cli/fake-api.ts';
import { cleanUp, machineWith } from '../../../test/cli/machine-with.ts';

afterEach(cleanUp);

describe('exit codes', () => {
  test.each([
    ['no such command', ['fly']],
    ['no such option', ['vm', 'ls', '--nope']],
    ['a missing argument', ['vm', 'status']],
    ['a noun without a verb', ['vm']],
    ['a number that is none', ['up', '--port', 'x']],
  ])('given %s, then 2 and nothing on stdout', async (_what, args) => {
    const { hcc } = await machineWith({});
    const ran = await hcc(...args);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).not.toBe('');
  });

  test.each([
    ['no such command', ['vm', 'fly', '--json'], "unknown command 'fly'"],
    ['a missing argument', ['vm', 'status', '--format', 'json'], "missing required argument 'vm'"],
    ['a noun without a verb', ['vm', '--json'], "unknown option '--json'"],
  ])('given %s and --json, then 2 and stdout is one JSON value that says so', async (_what, args, message) => {
    const { hcc } = await machineWith({});
    const ran = await hcc(...args);
    expect(ran.code).toBe(2);
    expect(JSON.parse(ran.out)).toMatchObject({ ok: false, error: { code: 'usage', message } });
    expect(ran.err).toContain(message);
  });

  test('given nobody to talk to, then 3, with a fix', async () => {
    const { api, hcc } = await machineWith({});
    await api.close();
    expect(await hcc('vm', 'ls')).toMatchObject({
      code: 3,
      out: '',
      err: expect.stringContaining('fix: start the cluster'),
    });
  });

  test('given a no of the API, then 1; with --json stdout is one JSON value all the same', async () => {
    const { hcc } = await machineWith({ 'GET /v1/vms': problem(401, 'unauthenticated', 'no such token') });
    const ran = await hcc('vm', 'ls', '--json');
    expect(ran.code).toBe(1);
    expect(JSON.parse(ran.out)).toMatchObject({ ok: false, error: { code: 'unauthenticated' } });
  });

  test.each([[['--help']], [['vm', 'ssh', '--help']], [['up', '--help']], [['doctor', '--help']]])(
    'given %j, then 0 with examples',
    async (args) => {
      const { hcc } = await machineWith({});
      const ran = await hcc(...args);
      expect(ran.code).toBe(0);
      expect(ran.out).toContain('Examples:');
    },
  );
});

describe('what a call loads', () => {
  /** The modules that a process has, by name, after one command line. */
  const loadedBy = (...args: readonly string[]): string => {
    const hooks = `import { registerHooks } from 'node:module';
      registerHooks({ load: (url, context, next) => (process.stderr.write(url + '\\n'), next(url, context)) });`;
    const main = fileURLToPath(new URL('./main.ts', import.meta.url));
    const node = ['--conditions=hcc-source', '--import', `data:text/javascript,${encodeURIComponent(hooks)}`];
    return spawnSync(process.execPath, [...node, main, ...args], { encoding: 'utf8', env: { PATH: process.env.PATH } })
      .stderr;
  };
  const heavy =
    /libs\/(attestation|passport|adapters\/vault)\/|node_modules\/(jose|yaml|pino|prom-client|better-sqlite3)\//;

  test.each([
    [['--version']],
    [['vm', 'ls', '--url', 'http://127.0.0.1:1']],
    [['--home', '/nowhere', 'completion', 'ids', 'vm']],
  ])('given %j / then neither verifiers nor what servers need are among it', (args) => {
    const loaded = loadedBy(...args);
    expect(loaded).toContain('/apps/cli/src/program.ts');
    expect(loaded).not.toMatch(heavy);
  });

  test.each([[['attest', '--help']], [['--help']], [['completion', 'bash']], [['vault', '--help']]])(
    'given %j / then the verifiers are there',
    (args) => expect(loadedBy(...args)).toMatch(/libs\/attestation\//),
  );
});
