import { readFileSync, statSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { json } from '../../../../test/cli/fake-api.ts';
import { cleanUp, machineWith } from '../../../../test/cli/machine-with.ts';
import { accountId, event, vmId } from '../../../../test/cli/samples.ts';

afterEach(cleanUp);

describe('the other nouns', () => {
  test('stream show tells a story from a short name', async () => {
    const { hcc } = await machineWith({
      'GET /v1/streams': json({ items: [{ stream: `vm-${vmId}`, events: 1, lastAt: null }] }),
      [`GET /v1/streams/vm-${vmId}`]: json({ items: [event('VmStartRequested', 0)] }),
    });
    const { out } = await hcc('stream', 'show', 'vm-1a2b');
    expect(out).toBe(
      '2026-01-31T12:00:00.000Z  VmStartRequested        owner acc00000            start wanted  because it was asked for\n',
    );
  });

  test('stream show finds causes in the streams that the story points to, where it may look', async () => {
    const held = { ...event('CreditsHeld', 4), eventId: 'held' };
    const { hcc } = await machineWith({
      [`GET /v1/streams/vm-${vmId}`]: json({
        items: [
          { ...event('VmPlaced', 0, { minerId: 'm', generation: 1 }), actor: 'process:vm-placement' },
          { ...event('VmAdmitted', 1, { accountId }), actor: 'process:vm-admission', causationId: 'held' },
        ],
      }),
      [`GET /v1/streams/account-${accountId}`]: json({ items: [held] }),
    });
    const { out } = await hcc('stream', 'show', `vm-${vmId}`);
    expect(out).toMatch(/VmPlaced .* because of c\n/);
    expect(out).toMatch(/VmAdmitted .* because CreditsHeld\n/);
  });

  test('key add never sends a private key', async () => {
    const { hcc, api, write } = await machineWith({});
    write('id', '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n');
    expect(await hcc('key', 'add', 'id')).toMatchObject({
      code: 2,
      err: expect.stringContaining('hcc key add id.pub'),
    });
    expect(api.asked).toEqual([]);
  });

  test('account open keeps the new owner token in a private file, and sends only its digest', async () => {
    const accepted = json({ stream: 's', revision: '0', position: 'p', events: ['AccountOpened'] }, 202);
    const id = '00000000-0000-4000-8000-000000000001';
    const { hcc, api, path } = await machineWith({
      'POST /v1/accounts': accepted,
      [`POST /v1/accounts/${id}/tokens`]: accepted,
    });
    expect(await hcc('account', 'open', 'alice', '--owner-token', 'alice.token')).toMatchObject({
      code: 0,
      out: `${id}\n`,
    });
    expect(readFileSync(path('alice.token'), 'utf8')).toMatch(/^hcc_.*_s{43}\n$/);
    expect((statSync(path('alice.token')).mode & 0o777).toString(8)).toBe('600');
    expect(api.asked.map(({ body }) => body).join()).not.toContain('s'.repeat(43));
  });

  test('miner invite prints the join token and sends only its digest', async () => {
    const { hcc, api } = await machineWith({
      'POST /v1/miners': json({ stream: 's', revision: '0', position: 'p', events: ['MinerInvited'] }, 202),
    });
    const ran = await hcc('miner', 'invite', 'berlin-1');
    expect(ran.out).toBe(`${'s'.repeat(43)}\n`);
    expect(ran.err).toContain('HCC_JOIN_TOKEN_FILE');
    expect(api.asked[0]?.body).not.toContain('sss');
  });

  test('parked ls says that nothing is', async () => {
    const { hcc } = await machineWith({ 'GET /v1/parked': json({ items: [] }) });
    expect(await hcc('parked', 'ls')).toMatchObject({ code: 0, out: 'nothing is parked\n' });
  });
});
