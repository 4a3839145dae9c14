import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createUserKey, issueMinerJwt } from '#adapters/nats';
import { createSystemClock } from '#adapters/system';
import type { DrainWish } from '#events';
import { writeFileDurably } from '#host';
import { natsBinary, openNatsWorld } from '../../../test/nats/nats-world.ts';
import { readConfig } from './config.ts';
import { runDrain } from './drain.ts';
import { savePass } from './identity/pass.ts';

const binary = await natsBinary();
const clock = createSystemClock();
const minerId = '33333333-3333-4333-8333-333333333333';

/** A miner's directory as its agent left it, its pass for the miner that is named, and what the orchestrator hears. */
const scene = async (passOf = minerId) => {
  const world = await openNatsWorld(binary ?? '');
  const minerDir = await mkdtemp(join(tmpdir(), 'hcc-dr-'));
  onTestFinished(async () => {
    await world.close();
    await rm(minerDir, { recursive: true, force: true });
  });
  const { publicKey, seed } = createUserKey();
  const expiresAt = clock.now() + 3_600_000;
  const jwt = await issueMinerJwt(world.operator, { minerId: passOf, userPublicKey: publicKey, expiresAt });
  await writeFileDurably(join(minerDir, 'secrets', 'nkey.seed'), `${seed}\n`);
  await savePass(minerDir, { jwt, expiresAt, servers: [world.server().url], receivedAt: clock.now(), publicKey });
  const heard: (readonly [string, DrainWish])[] = [];
  await world.orchestrator.onDrain(async (miner, wish) => {
    heard.push([miner, wish]);
    return wish.drain?.reason === 'no' ? { ok: false, reason: 'that is no reason' } : { ok: true, text: '' };
  });
  const env = { HCC_MINER_DIR: minerDir, HCC_MINER_ID: minerId, HCC_API_URL: 'http://127.0.0.1:1' };
  const config = readConfig(env, tmpdir());
  return { heard, drain: (...args: readonly string[]) => runDrain(config, { clock, args }) };
};

describe.skipIf(binary === null)('a miner that drains itself (needs nats-server)', () => {
  test('given its own credentials, then it asks for itself, with the reason and the deadline, and undoes it', async () => {
    const { heard, drain } = await scene();
    const before = clock.now();
    expect(await drain('drain', '--reason', 'new disks', '--deadline', '3d')).toMatchObject({ code: 0, err: '' });
    expect(await drain('undrain')).toMatchObject({ code: 0, out: expect.stringContaining('is given VMs again') });
    expect(heard).toMatchObject([
      [minerId, { drain: { reason: 'new disks', deadlineAt: expect.any(Number) } }],
      [minerId, { drain: null }],
    ]);
    expect((heard[0]?.[1].drain?.deadlineAt ?? 0) - before).toBeGreaterThanOrEqual(3 * 86_400_000);
    expect(await drain('drain', '--reason', 'no')).toMatchObject({
      code: 1,
      err: expect.stringContaining('no reason'),
    });
  });

  test("given another miner's credentials, then the bus lets nothing through", async () => {
    const { heard, drain } = await scene('44444444-4444-4444-8444-444444444444');
    expect(await drain('drain')).toMatchObject({ code: 3, out: '' });
    expect(heard).toEqual([]);
  });

  test('given nothing enrolled or a span that is none, then it says what to do and makes no key', async () => {
    const { drain } = await scene();
    expect(await drain('drain', '--deadline', 'soon')).toMatchObject({
      code: 2,
      err: expect.stringContaining('"soon"'),
    });
    expect(await drain('undrain', '--reason', 'x')).toMatchObject({ code: 2 });
    const empty = await mkdtemp(join(tmpdir(), 'hcc-dr-'));
    onTestFinished(() => rm(empty, { recursive: true, force: true }));
    const env = { HCC_MINER_DIR: empty, HCC_MINER_ID: minerId, HCC_API_URL: 'http://127.0.0.1:1' };
    const said = await runDrain(readConfig(env, empty), { clock, args: ['drain'] });
    expect(said).toMatchObject({ code: 1, err: expect.stringContaining('has not enrolled yet') });
  });
});
