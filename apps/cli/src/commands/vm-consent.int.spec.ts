import { afterEach, describe, expect, test } from 'vitest';
import { json } from '../../../../test/cli/fake-api.ts';
import { cleanUp, machineWith } from '../../../../test/cli/machine-with.ts';
import { vm, vmId } from '../../../../test/cli/samples.ts';

afterEach(cleanUp);

const bootId = '3c3c3c3c-1111-4111-8111-111111111111';
const luks2 = { kind: 'luks2', format: 'raw', sizeBytes: 1073741824, encryption: 'luks2', cipher: 'aes-xts-plain64' };
const disk = { ...luks2, keyBits: 512, pbkdf: 'argon2id', integrity: 'none', headerSha256: null, bootCounter: 3 };
const waits = (consent: string | null) => ({
  ...{ ...vm, disk, observed: 'starting', endpoint: null },
  release: {
    ...{ bootId, state: consent === null ? 'awaiting-key' : 'awaiting-consent', consent, mode: 'unlock' },
    ...{ awaitedSince: '2026-01-31T11:59:30.000Z', deadlineAt: null, releasedAt: null, guestKeySha256: null },
  },
});
const given = (consent: string | null) =>
  machineWith({
    'GET /v1/vms': json({ items: [waits(consent)] }),
    [`POST /v1/vms/${vmId}/consent`]: json(
      { stream: `vm-${vmId}`, revision: '9', position: 'p9', events: ['VmConsentGiven'] },
      202,
    ),
  });

describe('hcc vm consent', () => {
  test('gives the word for the boot that waits for it', async () => {
    const { hcc, api } = await given('rollback');
    const ran = await hcc('vm', 'consent', 'web', '--rollback', '--yes');
    expect(ran).toMatchObject({ code: 0, out: expect.stringContaining('a later boot asks again') });
    const posted = api.asked.find(({ method }) => method === 'POST')?.body ?? '';
    expect(JSON.parse(String(posted))).toEqual({ kind: 'rollback', bootId });
  });

  test('asks nobody and gives nothing where nothing waits, where another word is wanted, or nobody can be asked', async () => {
    for (const [consent, option, code] of [
      [null, '--rollback', 'consent-not-needed'],
      ['launch', '--rollback', 'consent-not-needed'],
      ['rollback', '--rollback', 'not-confirmed'],
    ] as const) {
      const { hcc, api } = await given(consent);
      const ran = await hcc('vm', 'consent', 'web', option, '--json');
      expect(JSON.parse(ran.out)).toMatchObject({ ok: false, error: { code } });
      expect(api.asked.some(({ method }) => method === 'POST')).toBe(false);
    }
  });

  test('without saying to what is a mistake of usage', async () => {
    const { hcc } = await given('launch');
    expect(await hcc('vm', 'consent', 'web')).toMatchObject({ code: 2, err: expect.stringContaining('--rollback') });
  });
});

describe('hcc vm status of a VM with an encrypted disk', () => {
  test('tells how the disk is kept, and how far its key is', async () => {
    const { hcc } = await given('launch');
    const { out } = await hcc('vm', 'status', 'web');
    expect(out).toMatch(/disk +1 GiB, LUKS2: aes-xts-plain64, 512-bit key, argon2id; integrity none; opened 3 times/);
    expect(out).toMatch(/disk key +awaiting-consent: allow it with hcc vm consent --launch/);
  });
});
