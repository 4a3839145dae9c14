import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));

/** A host that has an agent's environment, and has never enrolled. */
const host = async () => {
  const minerDir = await mkdtemp(join(tmpdir(), 'hcc-vb-'));
  onTestFinished(() => rm(minerDir, { recursive: true, force: true }));
  const agent = {
    ...{ HCC_MINER_DIR: minerDir, HCC_MINER_ID: '33333333-3333-4333-8333-333333333333' },
    ...{ HCC_API_URL: 'http://127.0.0.1:1', HCC_JOIN_TOKEN_FILE: join(minerDir, 'join.token') },
  };
  const run = async (args: readonly string[]) => {
    const child = spawn(process.execPath, ['--conditions=hcc-source', main, ...args], {
      ...{ env: { PATH: process.env.PATH, ...agent }, stdio: ['ignore', 'pipe', 'pipe'] },
    });
    const said = { out: '', err: '' };
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said.out += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said.err += text;
    });
    await once(child, 'close');
    return { code: child.exitCode, ...said };
  };
  return { minerDir, run };
};

describe('the command line of a miner’s agent', () => {
  test('given a host that never enrolled / when its doctor is asked / then it says the whole list, an exit code for monitors, and leaves nothing', async () => {
    const { minerDir, run } = await host();
    const [table, json] = await Promise.all([run(['doctor']), run(['doctor', '--json'])]);
    const { ok, checks } = JSON.parse(json.out);
    const statuses: readonly string[] = checks.map(({ status }: { status: string }) => status);
    expect(ok).toBe(!statuses.includes('FAIL'));
    expect(json.code).toBe(statuses.includes('FAIL') ? 2 : 1);
    expect(checks.length).toBeGreaterThan(20);
    const lines = table.out.trimEnd().split('\n');
    expect(lines).toHaveLength(checks.length);
    for (const line of lines) expect(line).toMatch(/^(PASS|FAIL|WARN|SKIP) {2}HCC-H0\d\d {2}\S.* observed \S/);
    expect(table.out, 'a wrong address shows before the host joins').toMatch(
      /WARN {2}HCC-H021 .*; fix: look at HCC_API_URL/,
    );
    expect(await readdir(minerDir)).toEqual([]);
  });

  test('given a misspelt verb / when it is run / then it says what it knows, and no agent starts', async () => {
    const { minerDir, run } = await host();
    expect(await run(['docotr'])).toMatchObject({ code: 2, out: '', err: expect.stringContaining('"docotr"') });
    expect(await readdir(minerDir)).toEqual([]);
  });
});
