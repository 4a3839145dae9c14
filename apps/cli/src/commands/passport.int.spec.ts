import { createPublicKey } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { openScene } from '../../../../libs/passport/src/passport.fixture.ts';
import { passportFile, signPassport } from '../../../../libs/passport/src/signed.ts';
import { revocationList } from '../../../../libs/passport/src/story.fixture.ts';
import { json, problem } from '../../../../test/cli/fake-api.ts';
import { cleanUp, machineWith } from '../../../../test/cli/machine-with.ts';
import { vm, vmId } from '../../../../test/cli/samples.ts';

afterEach(cleanUp);

const scene = await openScene();
const networkKey = createPublicKey(scene.networkKey);
const given = async (passport: unknown = scene.passport) => {
  const machine = await machineWith({
    'GET /v1/vms': json({ items: [vm] }),
    [`GET /v1/vms/${vmId}/passport`]: json(passport),
  });
  machine.write('web.passport', passportFile(scene.passport));
  machine.write('network.pub', networkKey.export({ type: 'spki', format: 'pem' }).toString());
  return machine;
};

describe('hcc vm passport', () => {
  test('writes the file byte for byte as the network signed it, and says how to check it', async () => {
    const { hcc, path } = await given();
    const ran = await hcc('vm', 'passport', 'web', '--out', 'out.passport');
    expect(ran).toMatchObject({ code: 0, out: expect.stringContaining('4 verdicts, 4 of them with their evidence') });
    expect(ran.out).toContain('hcc passport verify out.passport');
    expect(readFileSync(path('out.passport'), 'utf8')).toBe(passportFile(scene.passport));
    expect(await hcc('passport', 'verify', 'out.passport')).toMatchObject({ code: 0 });
  });

  test('without a file gives it on stdout, as it is', async () => {
    const { hcc } = await given();
    expect(await hcc('vm', 'passport', 'web')).toMatchObject({ code: 0, out: passportFile(scene.passport) });
  });

  test('says what cannot be: no such VM, no such directory, a server that gives something else', async () => {
    const { hcc } = await given();
    expect((await hcc('vm', 'passport', 'nobody')).code).not.toBe(0);
    const nowhere = await hcc('vm', 'passport', 'web', '--out', 'no/where.passport');
    expect(nowhere).toMatchObject({ code: 2, err: expect.stringMatching(/--out no\/where\.passport .*\n.*ENOENT/) });
    const strange = await given({ format: 'x' });
    expect(await strange.hcc('vm', 'passport', 'web')).toMatchObject({
      code: 1,
      err: expect.stringContaining('format'),
    });
    const { hcc: refused } = await machineWith({
      'GET /v1/vms': json({ items: [vm] }),
      [`GET /v1/vms/${vmId}/passport`]: problem(422, 'passport-too-large', 'too much', { fix: 'hcc export' }),
    });
    expect(await refused('vm', 'passport', 'web')).toMatchObject({ code: 1, err: expect.stringContaining('too much') });
  });
});

describe('hcc passport verify', () => {
  const verify = async (...args: readonly string[]) =>
    (await given()).hcc('passport', 'verify', 'web.passport', ...args);

  test('says SIMULATED before all else, and what rests on the processor, on the network’s key alone, on nobody', async () => {
    const { code, out } = await verify('--network-key', 'network.pub');
    expect(code).toBe(0);
    expect(out).toMatch(/^SIMULATED: .* Nothing here is confidential/);
    expect(out).toMatch(/verdict +VALID/);
    const [processor, network, nobody] = [
      out.indexOf('proven by the processor, SIMULATED'),
      out.indexOf("on the network's key alone"),
      out.indexOf('\nunchecked\n'),
    ];
    expect([0 < (processor ?? 0), (processor ?? 0) < (network ?? 0), (network ?? 0) < (nobody ?? 0)]).toEqual([
      true,
      true,
      true,
    ]);
    expect(out.slice(processor, network)).toMatch(/key-bound .*the guest's report binds guest key/);
    expect(out.slice(network, nobody)).toMatch(/release-decided .*after affirming appraisal/);
    expect(out).toContain('placed on miner');
  });

  test('takes the key in hex, and says which key to compare where none is given', async () => {
    const hex = networkKey.export({ format: 'raw-public' }).toString('hex');
    expect(await verify('--network-key', hex)).toMatchObject({ code: 0 });
    expect(await verify('--network-key', 'f'.repeat(64))).toMatchObject({
      code: 1,
      out: expect.stringMatching(/FAILED\n +network-key/),
    });
    expect((await verify()).out).toMatch(new RegExp(`nobody said which key to expect: that ${hex}`));
    expect(await verify('--network-key', 'web.passport')).toMatchObject({ code: 2 });
  });

  test('holds certificates against a revocation list of one’s own', async () => {
    const machine = await given();
    writeFileSync(machine.path('good.crl'), revocationList(false));
    writeFileSync(machine.path('bad.crl'), revocationList(true));
    const by = (file: string) => machine.hcc('passport', 'verify', 'web.passport', '--crl', file, '--json');
    expect(JSON.parse((await by('good.crl')).out)).toMatchObject({
      ok: true,
      checks: expect.arrayContaining([expect.objectContaining({ code: 'not-revoked', outcome: 'simulated' })]),
    });
    expect(await by('bad.crl')).toMatchObject({ code: 1 });
  });

  test('a changed file is not valid, and is not looked into further; with --json too', async () => {
    const machine = await given();
    machine.write('changed.passport', passportFile({ ...scene.passport, madeAt: '2026-11-22T00:00:00.000Z' }));
    const ran = await machine.hcc('passport', 'verify', 'changed.passport');
    expect(ran).toMatchObject({
      code: 1,
      out: expect.stringMatching(/NOT VALID: failed checks: 1[\s\S]*FAILED\n +signature[\s\S]*not looked into\n$/),
    });
    const told = JSON.parse((await machine.hcc('passport', 'verify', 'changed.passport', '--json')).out);
    expect(told).toMatchObject({ ok: false, boots: [], history: [] });
  });

  test('a lie under the right signature is named', async () => {
    const machine = await given();
    const [first, ...others] = scene.body.appraisals;
    if (first === undefined) return expect.fail('the scene has no verdict');
    const chip = { deviceId: scene.chipId, heldBy: scene.vmId };
    const body = { ...scene.body, appraisals: [{ ...first, chip }, ...others] };
    machine.write('lie.passport', passportFile(signPassport(body, scene.networkKey)));
    const { code, out } = await machine.hcc('passport', 'verify', 'lie.passport');
    expect([code, out]).toEqual([1, expect.stringMatching(/evidence .*guest-chip-other-miner/)]);
  });

  test('what is no passport, or not there, is said as such', async () => {
    const machine = await given();
    machine.write('other.passport', '{"format":"hcc-log-head"}');
    expect(await machine.hcc('passport', 'verify', 'other.passport')).toMatchObject({
      ...{ code: 1, err: expect.stringMatching(/no passport that can be read[\s\S]*format is not hcc-vm-passport/) },
    });
    expect(await machine.hcc('passport', 'verify', 'gone.passport')).toMatchObject({ code: 2 });
  });
});
