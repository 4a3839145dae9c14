import { chmodSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { fakeMachine } from '../../../test/cli/fake-machine.ts';
import { connect, locate, readTokenFile } from './context.ts';
import { failureOf } from './output/errors.ts';

const token = `hcc_11111111-1111-4111-8111-111111111111_${'a'.repeat(43)}`;
const cluster = JSON.stringify({ url: 'http://127.0.0.1:7171', pid: 1, startedAt: '2026-01-31T12:00:00.000Z' });

const machines: ReturnType<typeof fakeMachine>[] = [];
const machine = (env: Readonly<Record<string, string>> = {}) => {
  const made = fakeMachine(env);
  machines.push(made);
  return made;
};
afterEach(() => {
  for (const made of machines.splice(0)) made.remove();
});

describe('where a command goes', () => {
  test('is what the options say, before the environment and the local cluster', async () => {
    const { cli, write, path } = machine({ HCC_URL: 'http://from-env:1', HCC_TOKEN_FILE: 'env.token' });
    write('.hcc/cluster.json', cluster);
    const where = await locate({ url: 'http://10.0.0.1:80', tokenFile: 'own.token' }, 'owner', cli());
    expect(where).toMatchObject({ url: 'http://10.0.0.1', tokenFile: path('own.token'), local: false });
  });

  test('is what the environment says, before the local cluster', async () => {
    const { cli, path } = machine({ HCC_URL: 'http://from-env:1', HCC_TOKEN_FILE: 'env.token' });
    expect(await locate({}, 'owner', cli())).toMatchObject({ url: 'http://from-env:1', tokenFile: path('env.token') });
  });

  test.each(['owner', 'operator'] as const)('is the local cluster, with its %s token', async (who) => {
    const { cli, write, path } = machine();
    write('.hcc/cluster.json', cluster);
    expect(await locate({}, who, cli())).toMatchObject({
      url: 'http://127.0.0.1:7171',
      tokenFile: path('.hcc', 'secrets', `${who}.token`),
      local: true,
    });
  });

  test('is the cluster of --home', async () => {
    const { cli, write } = machine();
    write('other/cluster.json', cluster);
    expect(await locate({ home: 'other' }, 'owner', cli())).toMatchObject({ local: true });
  });

  test('given only the URL of the local cluster, then its token is used', async () => {
    const { cli, write, path } = machine();
    write('.hcc/cluster.json', cluster);
    const where = await locate({ url: 'http://127.0.0.1:7171/' }, 'owner', cli());
    expect(where.tokenFile).toBe(path('.hcc', 'secrets', 'owner.token'));
  });

  test('given another URL without a token, then it is wrong usage: our token goes nowhere else', async () => {
    const { cli, write } = machine();
    write('.hcc/cluster.json', cluster);
    const failed = await locate({ url: 'http://evil.example' }, 'owner', cli()).catch(failureOf);
    expect(failed).toMatchObject({ code: 'token-file-missing', exitCode: 2 });
  });

  test('given nothing named and nothing running, then it is unreachable, with the fix', async () => {
    expect(await locate({}, 'owner', machine().cli()).catch(failureOf)).toMatchObject({
      code: 'no-cluster',
      exitCode: 3,
      fix: 'npm start',
    });
  });

  test.each(['', 'not a url', 'ftp://host', 'file:///etc/passwd'])('"%s" is no URL', async (url) => {
    const failed = await locate({ url, tokenFile: 't' }, 'owner', machine().cli()).catch(failureOf);
    expect(failed).toMatchObject({ code: 'url-malformed', exitCode: 2 });
  });
});

describe('a token file', () => {
  test('that holds something else is refused without showing it', async () => {
    const { write } = machine();
    const failed = await readTokenFile(write('t', 'my password'), () => undefined).catch(failureOf);
    expect(failed).toMatchObject({ code: 'token-malformed', exitCode: 2 });
    expect(JSON.stringify(failed)).not.toContain('my password');
  });

  test('that others may read is used, with a warning', async () => {
    const { write } = machine();
    const path = write('t', `${token}\n`);
    chmodSync(path, 0o644);
    const said: string[] = [];
    expect(await readTokenFile(path, (text) => said.push(text))).toBe(token);
    expect(said.join()).toContain('chmod 600');
  });

  test('that is not there is named', async () => {
    const { cli, write, path } = machine();
    write('.hcc/cluster.json', cluster);
    const failed = await connect({}, 'owner', cli()).catch(failureOf);
    expect(failed).toMatchObject({ message: `there is no token file ${path('.hcc', 'secrets', 'owner.token')}` });
  });
});
