import { afterEach, describe, expect, test } from 'vitest';
import { json } from '../../../../test/cli/fake-api.ts';
import { cleanUp, machineWith } from '../../../../test/cli/machine-with.ts';

afterEach(cleanUp);

const big = {
  ...{ flavorId: 'big', pricePerHour: '300000', offered: true, retiredReason: null, retiredAt: null },
  ...{
    size: { vcpus: 8, memoryBytes: 16 * 1024 ** 3, diskBytes: 80 * 1024 ** 3 },
    definedAt: '2026-01-31T12:00:00.000Z',
  },
};
const accepted = json({ stream: 'flavor-big', revision: '0', position: 'p0', events: ['FlavorDefined'] }, 202);

describe('hcc flavor', () => {
  test('ls shows sizes and prices, and asks for retired ones only with --all', async () => {
    const { hcc, api } = await machineWith({ 'GET /v1/flavors': json({ items: [big], next: null }) });
    expect((await hcc('flavor', 'ls')).out).toContain('big     8     16 GiB  80 GiB  0.3 credits  yes');
    await hcc('flavor', 'ls', '--all');
    expect(api.asked.map(({ query }) => query.get('retired'))).toEqual(['exclude', 'include']);
  });

  test('define sends exact bytes and micro-credits', async () => {
    const { hcc, api } = await machineWith({ 'POST /v1/flavors': accepted, 'GET /v1/flavors/big': json(big) });
    const size = ['--vcpus', '8', '--memory', '16GiB', '--disk', '80GiB'];
    expect((await hcc('flavor', 'define', 'big', ...size, '--price', '0.3')).code).toBe(0);
    expect(JSON.parse(api.asked[0]?.body ?? '')).toEqual({ flavorId: 'big', size: big.size, pricePerHour: '300000' });
  });

  test('define without a size or price says what is wanted', async () => {
    const { hcc } = await machineWith({});
    expect(await hcc('flavor', 'define', 'big', '--vcpus', '8')).toMatchObject({
      ...{ code: 2, err: expect.stringContaining('--price CREDITS') },
    });
  });

  test('retire shows what became of it', async () => {
    const retired = { ...big, offered: false, retiredReason: 'dear', retiredAt: '2026-02-01T12:00:00.000Z' };
    const { hcc } = await machineWith({
      'POST /v1/flavors/big/retire': accepted,
      'GET /v1/flavors/big': json(retired),
    });
    expect((await hcc('flavor', 'retire', 'big', '--reason', 'dear')).out).toMatch(
      /offered {2}no, since 2026-02-01.*: dear/,
    );
  });
});
