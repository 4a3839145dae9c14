import { expect, it, onTestFinished } from 'vitest';
import { createMemoryEventStore } from '#adapters/memory';
import { type BootId, unmeasured } from '#domain';
import { contentDigest, deviceStreamId, streamName, type VmMetrics } from '#events';
import { backupId } from '../../../../../test/domain/vm-backup-story.ts';
import { sealed } from '../../../../../test/domain/vm-sealed-story.ts';
import { routeFor, routes } from '../../../../../test/orchestrator/answers.ts';
import { backedUpVm } from '../../../../../test/orchestrator/backed-up.ts';
import {
  type Booted,
  boot,
  furnished,
  goodKey,
  type Json,
  newId,
  newToken,
} from '../../../../../test/orchestrator/booted.ts';
import { sealedToVault } from '../../../../../test/orchestrator/sealed-to-vault.ts';
import {
  accountId,
  judged,
  manifest,
  minerId,
  nano,
  requested,
  teller,
  digest as told,
  uuid,
  vmId,
} from '../../../../../test/orchestrator/told.ts';

const web = vmId('web');
const off = vmId('off');
const shut = vmId('shut');
const deadlineAt = Date.UTC(2999, 0);
const host = minerId('host');
const stuck = vmId('stuck');
const chip = { deviceKind: 'chip', deviceId: 'ab'.repeat(64) } as const;
const digest = contentDigest(manifest);
const nothing = {
  ...{ cpuTimeMs: 0, uptimeMs: 0, diskReadBytes: 0 },
  ...{ diskReadOperations: 0, diskWrittenBytes: 0, diskWriteOperations: 0 },
};
const metrics: VmMetrics = {
  ...{ vmId: web, takenAt: 0, boot: null, total: nothing, memoryBytes: null, networkBytes: null, heldBy: [] },
};

/** A network with a VM on a miner that answers, and an event that the read model cannot handle. */
const network = async () => {
  const store = createMemoryEventStore();
  const tell = teller(store);
  await tell.account(accountId('ann'), { type: 'AccountOpened', accountId: accountId('ann'), name: 'Ann' });
  await tell.miner(host, {
    ...{ type: 'MinerInvited', minerId: host, name: 'host', joinTokenSha256: 'a'.repeat(64), expiresAt: 1 },
  });
  await tell.image(told, { type: 'ImageRegistered', digest: told, manifest, measurements: unmeasured });
  const proposal = { type: 'SlashingProposed', appraisalId: uuid('appraisal'), needsCorroboration: false } as const;
  await tell.miner(
    host,
    { ...proposal, proposalId: uuid('tpm'), ground: 'tpm-failure' },
    { ...proposal, proposalId: uuid('launch'), ground: 'hardware-failure' },
  );
  await tell.appraisal(host, judged(host));
  await tell.device(deviceStreamId(chip), { type: 'DeviceClaimed', ...chip, minerId: host });
  const report = { minerId: host, generation: 1, agentEpoch: 1, sequence: 1 };
  for (const name of ['web', 'off', 'shut']) {
    const placement = { minerId: host, generation: 1 };
    const bootId = uuid(name) as BootId;
    const authorized = { bootId, bootEpoch: 1, generation: 1, cause: 'placed', authorizedAt: 1, deadlineAt } as const;
    const endpoint = { host: '127.0.0.1', port: 22 };
    await tell.vm(
      vmId(name),
      requested(name, 'ann'),
      ...(name === 'shut' ? [sealed.chosen()] : []),
      { type: 'VmPlacementProposed', ...placement, snapshotPosition: 'x', deadlineAt },
      { type: 'VmPlaced', ...placement },
      { type: 'BootAuthorized', ...authorized },
      name === 'shut'
        ? sealed.specified(1, { bootId, consentNeeded: true })
        : { type: 'VmRunning', bootId, endpoint, sshHostKey: 'ssh-ed25519 A', sshHostKeyAttested: false, ...report },
    );
  }
  const ended = { bootId: uuid('off') as BootId, cause: 'requested', detail: '', ...report, sequence: 2 } as const;
  await tell.vm(off, { type: 'VmStopRequested', reason: 'x', deadlineAt }, { type: 'VmStopped', ...ended });
  await tellBackups(tell);
  await tell.vm(stuck, requested('stuck', 'ann'));
  await tell.rawVm(stuck, { type: 'VmTeleported', version: 1, data: {} });
  const [, bad] = await store.readStream(streamName('vm', stuck));
  const api = await boot({ store });
  const stop = await api.bus.miner(host).onCalls({
    console: async () => ({ text: 'login:', start: 0, end: 6 }),
    metrics: async () => metrics,
    backup: async () => ({ store: 'dir:/srv/backups', isThere: true }),
  });
  onTestFinished(stop);
  await expect.poll(async () => (await api.must('GET', '/v1/parked')).body.items).not.toEqual([]);
  return { api, bad: bad?.eventId ?? expect.fail('no event') };
};

const tellBackups = async (tell: ReturnType<typeof teller>): Promise<void> => {
  for (const name of ['saved', 'kept']) {
    await tell.vm(vmId(name), ...backedUpVm({ vmId: vmId(name), accountId: accountId('ann'), minerId: host }));
  }
};

it('every route answers as it is described', async () => {
  const { api, bad } = await network();
  const asked = new Set<unknown>();
  // `must` refuses what is not a success, and the harness what is not as described.
  const ask: Ask = async (method, path, body, token) => {
    asked.add(routeFor(method, path));
    return (await api.must(method, path, { body, ...(token === undefined ? {} : { token }) })).body;
  };
  const { accountId: own } = await furnished(api);
  await ask('GET', '/healthz');
  await expect.poll(() => ask('GET', '/readyz')).toMatchObject({ parts: expect.any(Array) });
  await ask('GET', '/v1/openapi.json');
  await ask('GET', '/v1/whoami');
  await askAccounts(ask, own);
  await askCatalogue(ask, api);
  await askMiners(ask);
  await askTrust(ask);
  await askVms(ask, own);
  await askBackups(ask);
  await askLog(ask, bad);

  // What is followed is read event by event in follow.spec.ts, files byte by byte in image-files.spec.ts; a rebuild is over
  // before it could be cancelled here.
  const elsewhere = [
    ...['/v1/streams/:stream/follow', '/v1/events/follow', 'DELETE /v1/projections/rebuild'],
    ...['/v1/images/:digest/files/:file', '/v1/boots/:digest/files/:file'],
  ];
  const left = routes.filter((route) => !asked.has(route));
  expect(
    left.filter(({ method, path }) => !elsewhere.some((known) => known === path || known === `${method} ${path}`)),
  ).toEqual([]);
});

type Ask = (method: string, path: string, body?: unknown, token?: string) => Promise<Json>;

const askAccounts = async (ask: Ask, own: string): Promise<void> => {
  const token = newToken();
  await ask('POST', '/v1/accounts', { accountId: newId(), name: 'Bob' });
  await ask('GET', '/v1/accounts?limit=1');
  await ask('GET', `/v1/accounts/${own}`);
  await ask('POST', `/v1/accounts/${own}/credits`, { depositId: newId(), amount: '1' });
  await ask('POST', `/v1/accounts/${own}/ssh-keys`, { publicKey: goodKey });
  await ask('POST', `/v1/accounts/${own}/tokens`, { ...ids(token), role: 'owner', label: 'x' });
  await ask('GET', `/v1/accounts/${own}/tokens`);
  await ask('DELETE', `/v1/accounts/${own}/tokens/${token.tokenId}`);
};

const askCatalogue = async (ask: Ask, api: Booted): Promise<void> => {
  await ask('POST', '/v1/images', { digest, manifest });
  await ask('GET', '/v1/images');
  await ask('GET', `/v1/images/${digest}`);
  const odd = { ...manifest, name: 'odd' };
  await ask('POST', '/v1/images', { digest: contentDigest(odd), manifest: odd });
  await ask('POST', `/v1/images/${contentDigest(odd)}/retire`, {});
  const { accountId, owner } = await furnished(api);
  const verity = { rootHash: 'ab'.repeat(32), salt: 'cd', dataBlocks: 1, tree: manifest.rootfs };
  const sealedImage = { ...manifest, name: 'mine', verity };
  const [mine, privacy] = [contentDigest(sealedImage), { accountId, headerSha256: 'e'.repeat(64) }];
  await ask('POST', '/v1/images', { digest: mine, manifest: sealedImage, private: privacy }, owner);
  await ask('GET', `/v1/vault/sealing-key?nonce=${'0a'.repeat(32)}`, undefined, owner);
  const handed = await sealedToVault(api, { accountId, owner }, mine, Buffer.alloc(64, 7));
  await ask('POST', `/v1/images/${mine}/key`, handed, owner);
  await ask('GET', `/v1/images/${mine}`, undefined, owner);
  await ask('DELETE', `/v1/images/${mine}/key`, { reason: 'it leaked' }, owner);
  await ask('GET', '/v1/flavors');
  await ask('POST', '/v1/flavors', { flavorId: 'odd', size: nano, pricePerHour: '7' });
  await ask('GET', '/v1/flavors/odd');
  await ask('POST', '/v1/flavors/odd/retire', {});
};

const askMiners = async (ask: Ask): Promise<void> => {
  const join = newToken();
  const invited = newId();
  const invitation = {
    minerId: invited,
    name: 'm',
    joinTokenSha256: join.sha256,
    expiresAt: '2999-01-01T00:00:00.000Z',
  };
  await ask('POST', '/v1/miners', invitation);
  const natsPublicKey = `U${'A'.repeat(55)}`;
  await ask('POST', `/v1/miners/${invited}/enrolment`, { natsPublicKey }, join.text.slice(41));
  await ask('GET', '/v1/miners');
  await ask('GET', `/v1/miners/${host}`);
  await ask('GET', `/v1/miners/${host}/checks`);
  for (const part of ['attestation', 'appraisals', 'reputation', 'slashing'])
    await ask('GET', `/v1/miners/${host}/${part}`);
  await ask('GET', '/v1/weights');
  await ask('POST', `/v1/miners/${invited}/drain`, {});
  await ask('POST', `/v1/miners/${invited}/undrain`);
};

const askTrust = async (ask: Ask): Promise<void> => {
  const [device] = (await ask('GET', '/v1/devices')).items;
  const at = `/v1/devices/${device.deviceKey}`;
  await ask('POST', `${at}/dispute`, { minerId: newId(), reason: 'mine' });
  await ask('POST', `${at}/settle`, { outcome: 'kept', reason: 'not so' });
  await ask('POST', `${at}/transfer`, { to: newId(), reason: 'moved' });
  await ask('POST', `${at}/release`, { reason: 'sold' });
  const proposals = `/v1/miners/${host}/slashing`;
  await ask('POST', `${proposals}/${uuid('tpm')}/appeal`, { reason: 'the board was changed' });
  await ask('POST', `${proposals}/${uuid('tpm')}/decision`, { outcome: 'withdrawn', reason: 'so it was' });
  await ask('GET', '/v1/policies');
  const { document } = await ask('GET', '/v1/policies/reputation');
  await ask('POST', '/v1/policies/reputation', { document: { ...document, decayPerHour: 1 }, reason: 'milder' });
};

const askVms = async (ask: Ask, own: string): Promise<void> => {
  const vm = newId();
  const [key] = (await ask('GET', `/v1/accounts/${own}/ssh-keys`)).items;
  const made = await ask('POST', '/v1/vms', {
    vmId: vm,
    accountId: own,
    name: 'w',
    flavorId: 'nano',
    imageDigest: digest,
  });
  await ask('GET', `/v1/vms?atLeast=${made.position}`);
  await ask('GET', `/v1/vms/${web}`);
  await ask('GET', `/v1/vms/${web}/console`);
  await ask('GET', `/v1/vms/${web}/metrics`);
  await ask('GET', `/v1/vms/${vm}/diff?from=${made.position}&to=${made.position}`);
  await ask('GET', `/v1/vms/${vm}/why-not`);
  await ask('GET', '/v1/why-not?flavorId=nano');
  await ask('POST', `/v1/vms/${vm}/ssh-keys`, { set: [key.fingerprint] });
  await ask('POST', `/v1/vms/${web}/reboot`);
  await ask('POST', `/v1/vms/${vm}/stop`, { reason: 'x' });
  await ask('GET', `/v1/vms/${web}/passport`);
  await ask('POST', `/v1/vms/${off}/resize`, { flavorId: 'micro' });
  await ask('POST', `/v1/vms/${vm}/start`);
  await ask('DELETE', `/v1/vms/${vm}`);
  const token = newToken();
  await ask('POST', `/v1/accounts/${accountId('ann')}/tokens`, { ...ids(token), role: 'owner', label: 'x' });
  await ask('GET', `/v1/vms/${shut}`);
  await ask('POST', `/v1/vms/${shut}/consent`, { kind: 'launch', bootId: uuid('shut') }, token.text);
  await ask('DELETE', `/v1/accounts/${own}/ssh-keys/${encodeURIComponent(key.fingerprint)}`);
};

const askBackups = async (ask: Ask): Promise<void> => {
  await ask('POST', `/v1/vms/${vmId('saved')}/backups`, { backupId: newId() });
  await ask('GET', `/v1/vms/${vmId('saved')}/backups`);
  await ask('DELETE', `/v1/vms/${vmId('saved')}/backups/${backupId()}`);
  await ask('POST', `/v1/vms/${vmId('kept')}/restore`, { backupId: backupId() });
};

const askLog = async (ask: Ask, bad: string): Promise<void> => {
  await ask('GET', '/v1/streams?category=vm');
  await ask('GET', `/v1/streams/vm-${web}`);
  await ask('GET', '/v1/events?limit=2');
  await ask('GET', '/v1/events/position?at=2026-01-01T00:00:01Z');
  await ask('GET', '/v1/audit');
  await ask('GET', '/v1/parked');
  await ask('GET', '/v1/parked/read-model');
  await ask('GET', `/v1/parked/read-model/${bad}`);
  await ask('POST', `/v1/parked/read-model/${bad}/retry`);
  await ask('POST', '/v1/parked/read-model/retry', { throughRevision: '0' });
  await ask('POST', `/v1/parked/read-model/${bad}/skip`, { reason: 'x' });
  await ask('GET', '/v1/projections');
  await ask('POST', '/v1/projections/rebuild', { dryRun: true });
  await ask('GET', '/v1/projections/rebuild');
};

const ids = ({ tokenId, sha256 }: ReturnType<typeof newToken>) => ({ tokenId, sha256 });
