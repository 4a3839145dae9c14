import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createManualClock, createMemoryEventStore } from '#adapters/memory';
import type { TokenId } from '#domain';
import { streamName } from '#events';
import { routes } from '../../../../test/orchestrator/answers.ts';
import { backedUpVm } from '../../../../test/orchestrator/backed-up.ts';
import { boot } from '../../../../test/orchestrator/booted.ts';
import { accountId, minerId, teller, uuid, vmId } from '../../../../test/orchestrator/told.ts';

/** Reads of a VM, a miner or an account that say nothing of a moment, and why. */
const exceptions: Readonly<Record<string, string>> = {
  '/v1/vms/:vmId/console': 'its miner is asked, and keeps what it was told to',
  '/v1/vms/:vmId/metrics': 'its miner is asked for its counters of now',
  '/v1/vms/:vmId/diff': 'it takes two moments of its own',
  '/v1/vms/:vmId/passport': 'it is made and signed now, over all that was recorded',
  '/v1/vms/:vmId/why-not':
    'what placement would do now with all miners there are; why it did not then is in VmPlacementFailed, and in the VM at that moment',
  '/v1/miners/:minerId/appraisals': 'a history, each verdict with its time; `after` goes back in it',
};

const takesAt = (query: z.ZodType | undefined): boolean => query instanceof z.ZodObject && 'at' in query.shape;

describe('every read of a VM, a miner or an account', () => {
  const reads = routes.filter(({ method, path }) => method === 'GET' && /^\/v1\/(vms|miners|accounts)\/:/.test(path));

  test.each(reads.map(({ path, query }) => [path, query] as const))(
    '%s takes a moment, or says why not',
    (path, query) => {
      expect([path, takesAt(query)]).toEqual([path, !(path in exceptions)]);
    },
  );

  test('given an exception, then there is such a read', () =>
    expect(reads.map(({ path }) => path)).toEqual(expect.arrayContaining(Object.keys(exceptions))));
});

const second = (n: number): string => `2026-01-01T00:00:${String(n).padStart(2, '0')}.000Z`;
const [ann, host, web] = [accountId('ann'), minerId('host'), vmId('web')];

/** Seconds of a log: keys and tokens of an account 0-4, a miner and what is proposed against it 5-6, a VM and its backup. */
const told = async () => {
  const store = createMemoryEventStore();
  const tell = teller(store);
  const [fingerprint, tokenId] = [`SHA256:${'A'.repeat(43)}`, uuid('token') as TokenId];
  await tell.account(
    ann,
    { type: 'AccountOpened', accountId: ann, name: 'Ann' },
    { type: 'SshKeyAdded', fingerprint, keyType: 'ssh-ed25519', publicKey: 'ssh-ed25519 AAAA', comment: 'laptop' },
    { type: 'SshKeyRemoved', fingerprint },
    { type: 'ApiTokenIssued', tokenId, role: 'owner', sha256: 'e'.repeat(64), label: 'laptop' },
    { type: 'ApiTokenRevoked', tokenId },
  );
  await tell.miner(
    host,
    { type: 'MinerInvited', minerId: host, name: 'host', joinTokenSha256: 'a'.repeat(64), expiresAt: 1 },
    {
      ...{ type: 'SlashingProposed', proposalId: uuid('p'), ground: 'tpm-failure', appraisalId: uuid('a') },
      needsCorroboration: false,
    },
  );
  await tell.vm(web, ...backedUpVm({ vmId: web, accountId: ann, minerId: host }));
  return boot({ store, ground: { clock: createManualClock(Date.UTC(2026, 0, 1, 1)) } });
};

test('given keys, tokens, proposals and backups that came and went, then each list of then has what there was, as of when', async () => {
  const { must, call, store } = await told();
  const of = async (path: string, at: string) => (await must('GET', `/v1/${path}?at=${at}`)).body;
  const [account, miner] = [`accounts/${ann}`, `miners/${host}`];
  expect((await of(`${account}/ssh-keys`, second(0))).items).toEqual([]);
  expect(await of(`${account}/ssh-keys`, second(1))).toMatchObject({
    ...{ items: [{ comment: 'laptop', addedAt: second(1) }], stale: null },
    asOf: { at: second(1), revision: '1' },
  });
  expect((await of(`${account}/ssh-keys`, second(2))).items).toEqual([]);
  expect((await of(`${account}/tokens`, second(3))).items).toMatchObject([{ label: 'laptop' }]);
  expect((await of(`${account}/tokens`, second(4))).items).toEqual([]);
  expect((await of(`${miner}/slashing`, second(5))).items).toEqual([]);
  expect((await of(`${miner}/slashing`, second(6))).items).toMatchObject([{ ground: 'tpm-failure' }]);
  const events = await store.readStream(streamName('vm', web));
  expect((await of(`vms/${web}/backups`, second(7))).backups).toEqual([]);
  const last = await of(`vms/${web}/backups`, events.at(-1)?.position ?? '');
  expect(last).toMatchObject({ backups: [{ isOlder: false }], asOf: { revision: `${events.length - 1}` } });
  expect((await must('GET', `/v1/${account}/tokens`)).body).toMatchObject({ items: [], stale: null });
  for (const path of [`${account}/ssh-keys`, `${account}/tokens`, `${miner}/slashing`, `vms/${web}/backups`]) {
    expect(await call('GET', `/v1/${path}?at=yesterday`)).toMatchObject({
      status: 400,
      body: { code: 'at-unreadable' },
    });
    expect(await call('GET', `/v1/${path}?at=2025-01-01T00:00:00Z`)).toMatchObject({ status: 422 });
  }
  expect(await call('GET', `/v1/${miner}/slashing?at=${second(0)}`)).toMatchObject({ status: 404 });
});
