import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { fakeApi, json } from '../../../../test/cli/fake-api.ts';
import { fakeMachine } from '../../../../test/cli/fake-machine.ts';
import { cleanUp, machineWith } from '../../../../test/cli/machine-with.ts';

afterEach(cleanUp);

const file = { sha256: 'e'.repeat(64), bytes: 480_247_808 };
const image = (digit: string, changed: object = {}) => ({
  digest: digit.repeat(64),
  manifest: {
    ...{ manifestVersion: 2, name: 'debian', version: 'bookworm-6.1', architecture: 'x86_64', sshUser: 'root' },
    ...{
      minMemoryBytes: 402_653_184,
      cmdline: 'console=ttyS0',
      kernel: file,
      initrd: file,
      rootfs: file,
      packages: [],
    },
    os: { id: 'debian', version: '12' },
    inputs: { kind: 'packages', sha256: 'f'.repeat(64), count: 163 },
  },
  measurements: { launch: 'unmeasured', verityRoot: 'unmeasured' },
  ...{ offered: true, retiredReason: null, registeredAt: '2026-01-31T12:00:00.000Z', retiredAt: null, stale: null },
  ...changed,
});
const retired = { offered: false, retiredReason: 'its kernel has a hole', retiredAt: '2026-02-01T12:00:00.000Z' };
const old = image('a', retired);
const ofAnn = { accountId: '22222222-2222-4222-8222-222222222222', headerSha256: 'e'.repeat(64), key: 'kept' };

describe('hcc image', () => {
  test('ls shows what is offered and why something is not', async () => {
    const { hcc } = await machineWith({ 'GET /v1/images': json({ items: [old, image('b')] }) });
    const { out } = await hcc('image', 'ls');
    expect(out).toMatch(/a{16} +debian .* debian 12 .* no: its kernel has a hole/);
    expect(out).toMatch(/b{16} +debian .* yes/);
  });

  test('show takes a name that a retired image has too, and says that nothing is measured', async () => {
    const wanted = image('b');
    const { hcc } = await machineWith({
      'GET /v1/images': json({ items: [old, wanted] }),
      [`GET /v1/images/${wanted.digest}`]: json(wanted),
    });
    const { out } = await hcc('image', 'show', 'debian');
    expect(out).toContain(wanted.digest);
    expect(out).toMatch(/launch +unmeasured/);
    expect(out).toContain('163 packages');
    expect(JSON.parse((await hcc('image', 'show', 'bb', '--json')).out)).toEqual(wanted);
  });

  test('retire gives the reason and shows what it came to', async () => {
    const { hcc, api } = await machineWith({
      'GET /v1/images': json({ items: [image('a')] }),
      [`POST /v1/images/${old.digest}/retire`]: json(
        { stream: `image-${old.digest}`, revision: '1', position: 'p1', events: ['ImageRetired'] },
        202,
      ),
      [`GET /v1/images/${old.digest}`]: json(old),
    });
    const ran = await hcc('image', 'retire', 'debian', '--reason', 'its kernel has a hole');
    expect(ran.out).toMatch(/offered +no, since .*: its kernel has a hole/);
    expect(JSON.parse(api.asked.find(({ method }) => method === 'POST')?.body ?? '')).toEqual({
      reason: 'its kernel has a hole',
    });
  });

  test.each([
    ['its owner, whose private one it is', image('a', { private: ofAnn }), 'o'],
    ['an operator, where it is a public one', image('a'), 'p'],
  ])('retire of a local cluster is by %s', async (_, found, whose) => {
    const api = await fakeApi({
      'GET /v1/images': json({ items: [found] }),
      [`POST /v1/images/${found.digest}/retire`]: json(
        { stream: `image-${found.digest}`, revision: '1', position: 'p1', events: ['ImageRetired'] },
        202,
      ),
      [`GET /v1/images/${found.digest}`]: json({ ...found, ...retired }),
    });
    const { hcc, write, remove } = fakeMachine();
    onTestFinished(async () => {
      remove();
      await api.close();
    });
    write('.hcc/cluster.json', JSON.stringify({ url: api.url, pid: 1, startedAt: 'then' }));
    for (const [who, letter] of [['owner', 'o'] as const, ['operator', 'p'] as const]) {
      write(`.hcc/secrets/${who}.token`, `hcc_11111111-1111-4111-8111-111111111111_${letter.repeat(43)}\n`);
    }
    expect(await hcc('image', 'retire', 'debian')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/offered +no/),
    });
    const by = api.asked.find(({ method }) => method === 'POST')?.headers.authorization;
    expect(by).toBe(`Bearer hcc_11111111-1111-4111-8111-111111111111_${whose.repeat(43)}`);
  });

  test('what cannot be built or imported is a usage error, before anything is fetched', async () => {
    const { hcc } = await machineWith({});
    const wrong = [
      [['image', 'build', 'plan9'], 'wanted debian'],
      [['image', 'build', 'debian', '--apps', '?essential'], 'no name of a Debian package'],
      [['image', 'import', 'disk.qcow2'], '--kernel FILE --initrd FILE'],
      [['image', 'import', 'http://x/disk', '--kernel', 'k', '--initrd', 'i'], '--sha256 HEX'],
      [['image', 'import', 'd', '--sha256', 'abc'], '64 hex digits'],
    ] as const;
    for (const [args, said] of wrong) {
      const ran = await hcc(...args);
      expect(ran.code, args.join(' ')).toBe(2);
      expect(ran.err).toContain(said);
    }
  });

  test('a disk that is not there is exit 1 with its name, and needs no cluster with --no-register', async () => {
    const { hcc } = await machineWith({});
    const ran = await hcc('image', 'import', 'none.raw', '--kernel', 'k', '--initrd', 'i', '--no-register', '--json');
    expect(ran.code).toBe(1);
    expect(ran.err + ran.out).toMatch(/none\.raw cannot be read/);
  });
});
