import { describe, expect, it } from 'vitest';
import { createMemoryEventStore } from '#adapters/memory';
import { credits, type DepositId, type HoldId, type TokenId, unmeasured } from '#domain';
import {
  accountId,
  caughtUp,
  digest,
  freshReadModel,
  manifest,
  minerId,
  nano,
  requested,
  teller,
  uuid,
  vmId,
} from '../../../../test/orchestrator/told.ts';
import { createRows } from './rows.ts';

const all = { after: null, limit: 100 };
const deadlineAt = Date.UTC(2026, 0, 2);
const tokenId = uuid('token') as TokenId;
const holdId = uuid('hold') as HoldId;
const depositId = uuid('deposit') as DepositId;

const given = async (tell: (told: ReturnType<typeof teller>) => Promise<unknown>) => {
  const store = createMemoryEventStore();
  const told = teller(store);
  await tell(told);
  const model = await freshReadModel(store);
  await caughtUp(model, store);
  return { rows: createRows(model.db), told, more: () => caughtUp(model, store) };
};

describe('vms', () => {
  it('given a story, then the row is the state of the rules, with revision and times', async () => {
    const { rows } = await given((told) =>
      told.vm(
        vmId('web'),
        requested('web', 'ann'),
        { type: 'VmAdmitted', holdId, deadlineAt },
        { type: 'VmStopRequested', reason: 'lunch', deadlineAt },
      ),
    );
    expect(rows.vm(vmId('web'))).toMatchObject({
      vm: { name: 'web', desired: 'stopped', observed: 'awaiting-placement' },
      revision: '2',
      requestedAt: '2026-01-01T00:00:00.000Z',
      // Wanting it stopped is no observation of it.
      observedAt: '2026-01-01T00:00:01.000Z',
    });
  });

  it('given VMs of two accounts, then each list is its own, in order of creation, page by page', async () => {
    const { rows } = await given(async (told) => {
      for (const name of ['c', 'a', 'b']) await told.vm(vmId(name), requested(name, 'ann'));
      await told.vm(vmId('x'), requested('x', 'bob'));
    });
    const first = rows.vms({ accountId: accountId('ann') }, { after: null, limit: 2 });
    expect(first.rows.map((row) => row.vm.name)).toEqual(['c', 'a']);
    const second = rows.vms({ accountId: accountId('ann') }, { after: first.next, limit: 2 });
    expect(second).toMatchObject({ rows: [{ vm: { name: 'b' } }], next: null });
    expect(rows.vms({}, all).rows).toHaveLength(4);
  });
});

describe('accounts', () => {
  it('given money, a key and a token, then all of it can be asked for, and a revoked token is forgotten', async () => {
    const ann = accountId('ann');
    const { rows, told, more } = await given((told) =>
      told.account(
        ann,
        { type: 'AccountOpened', accountId: ann, name: 'Ann' },
        { type: 'CreditsDeposited', depositId, amount: credits(12n), source: 'operator-grant', note: '' },
        {
          type: 'SshKeyAdded',
          fingerprint: `SHA256:${'x'.repeat(43)}`,
          keyType: 'ssh-ed25519',
          publicKey: 'k',
          comment: 'c',
        },
        { type: 'ApiTokenIssued', tokenId, role: 'owner', sha256: 'e'.repeat(64), label: 'laptop' },
      ),
    );
    expect(rows.account(ann)).toMatchObject({
      account: { available: credits(12n), held: 0n, deposited: credits(12n) },
      sshKeys: [{ comment: 'c', addedAt: '2026-01-01T00:00:02.000Z' }],
      tokens: [{ tokenId, label: 'laptop' }],
    });
    expect(rows.tokens(tokenId)).toEqual([{ accountId: ann, role: 'owner', sha256: 'e'.repeat(64) }]);
    await told.account(ann, { type: 'ApiTokenRevoked', tokenId });
    await more();
    expect(rows.tokens(tokenId)).toEqual([]);
  });

  it('given the same token id in two accounts, then both are kept apart', async () => {
    const { rows } = await given(async (told) => {
      for (const name of ['ann', 'bob']) {
        await told.account(
          accountId(name),
          { type: 'AccountOpened', accountId: accountId(name), name },
          { type: 'ApiTokenIssued', tokenId, role: 'owner', sha256: 'e'.repeat(64), label: name },
        );
      }
    });
    expect(rows.tokens(tokenId)).toHaveLength(2);
  });
});

describe('miners', () => {
  it('given a miner with an allocation, then the row holds both', async () => {
    const { rows } = await given((told) =>
      told.miner(
        minerId('m'),
        {
          type: 'MinerInvited',
          minerId: minerId('m'),
          name: 'm',
          joinTokenSha256: 'a'.repeat(64),
          expiresAt: deadlineAt,
        },
        { type: 'CapacityDeclared', capacity: nano },
        { type: 'AllocationReserved', vmId: vmId('web'), generation: 1, size: nano },
      ),
    );
    const { miner, attachedAt } = rows.miner(minerId('m')) ?? {};
    expect([...(miner?.allocations.keys() ?? [])]).toEqual([vmId('web')]);
    expect(miner?.reserved).toEqual(nano);
    expect(attachedAt).toBeNull();
  });
});

describe('images', () => {
  it('given an image, then it is listed with its manifest, and once it is retired with the reason', async () => {
    const registered = { type: 'ImageRegistered', digest, manifest, measurements: unmeasured } as const;
    const { rows } = await given((told) => told.image(digest, registered, { type: 'ImageRetired', reason: 'old' }));
    expect(rows.images(all).rows).toEqual([
      {
        image: { digest, manifest, measurements: unmeasured, retired: { reason: 'old' }, private: null },
        registeredAt: '2026-01-01T00:00:00.000Z',
        retiredAt: '2026-01-01T00:00:01.000Z',
      },
    ]);
  });
});

describe('streams and parked', () => {
  it('given an event that nobody knows, then its stream stands still, what is parked shows it, and others go on', async () => {
    const { rows } = await given(async (told) => {
      await told.vm(vmId('a'), requested('a', 'ann'));
      await told.rawVm(vmId('a'), { type: 'VmTeleported', version: 1, data: {} });
      await told.vm(vmId('a'), { type: 'VmTerminated', diskRemoved: false });
      await told.vm(vmId('b'), requested('b', 'ann'));
    });
    expect(rows.vm(vmId('a'))).toMatchObject({ revision: '0', vm: { observed: 'awaiting-admission' } });
    expect(rows.vm(vmId('b'))).not.toBeNull();
    expect(rows.streams('vm', all).rows).toMatchObject([
      { events: 1, lastAt: expect.any(String) },
      { events: 1, lastAt: expect.any(String) },
    ]);
    const found = rows.parked({ consumer: 'read-model', status: 'parked' }, all).rows;
    expect(found).toMatchObject([{ parked: { eventType: 'VmTeleported', revision: 1n }, skipped: null }]);
  });
});
