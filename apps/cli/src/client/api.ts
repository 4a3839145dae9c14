import { z } from 'zod';
import type { Size } from '#domain';
import type { Passport } from '#passport';
import type { SealedImageKey } from '#sealing';
import { backupRoutes } from './backups.ts';
import { at, list, part, post, remove } from './calls.ts';
import type { Http } from './http.ts';
import { type ImageView, imageView } from './image-view.ts';
import { auditRoutes, parkedRoutes } from './parked.ts';
import { pastRoutes } from './past.ts';
import { deviceRoutes, policyRoutes, trustRoutes } from './trust.ts';
import {
  type AccountView,
  accepted,
  accountView,
  type EventView,
  type FlavorView,
  flavorView,
  type KeysChanged,
  keysChanged,
  type MinerView,
  minerView,
  type ParkedView,
  page,
  parkedView,
  type StreamView,
  sshKeyView,
  streamView,
  type VmView,
  vmView,
  type Whoami,
  type WhyNot,
  whoami,
  whyNot,
} from './views.ts';

export type VmRequest = {
  readonly vmId: string;
  readonly accountId: string;
  readonly name: string;
  readonly flavorId: string;
  readonly imageDigest: string;
  readonly sshKeyFingerprints?: readonly string[] | undefined;
  readonly restartPolicy?: string | undefined;
  readonly integrity?: string | undefined;
};

/** Which VMs a list is about; what is not named is not asked. */
export type VmFilter = {
  readonly accountId?: string | undefined;
  readonly observed?: string | undefined;
  readonly minerId?: string | undefined;
  readonly flavorId?: string | undefined;
  readonly name?: string | undefined;
  readonly gone?: 'true' | 'false' | undefined;
  readonly at?: string | undefined;
};

/** Which miners a list is about. */
export type MinerFilter = {
  readonly status?: string | undefined;
  readonly eligible?: 'true' | 'false' | undefined;
  readonly name?: string | undefined;
  readonly at?: string | undefined;
};

/** The HTTP API as functions. Creations carry ids their caller made, so each may be repeated. */
export type Api = ReturnType<typeof createApi>;

/** Binds the routes to a connection. Every function refuses with ApiProblem or a CliError. */
export const createApi = (http: Http) => ({
  http,
  whoami: (): Promise<Whoami> => http.ask('/v1/whoami', whoami),
  ...accountRoutes(http),
  ...vmRoutes(http),
  ...backupRoutes(http),
  ...minerRoutes(http),
  ...drainRoutes(http),
  ...whyNotRoutes(http),
  ...flavorRoutes(http),
  ...imageRoutes(http),
  ...recordRoutes(http),
  ...parkedRoutes(http),
  ...auditRoutes(http),
  ...pastRoutes(http),
  ...policyRoutes(http),
  ...deviceRoutes(http),
  ...trustRoutes(http),
});

const accountRoutes = (http: Http) => ({
  accounts: (rowsMax?: number, moment?: string): Promise<readonly AccountView[]> =>
    list(http, '/v1/accounts', accountView, { at: moment }, rowsMax),
  account: (id: string, atLeast?: string): Promise<AccountView> =>
    http.ask(`/v1/accounts/${at(id)}`, accountView, { query: { atLeast } }),
  openAccount: (accountId: string, name: string) => post(http, '/v1/accounts', { accountId, name }),
  grant: (id: string, deposit: { depositId: string; amount: string; note?: string }) =>
    post(http, `/v1/accounts/${at(id)}/credits`, deposit),
  issueToken: (id: string, token: { tokenId: string; role: string; sha256: string; label: string }) =>
    post(http, `/v1/accounts/${at(id)}/tokens`, token),
  keys: (id: string) => http.ask(`/v1/accounts/${at(id)}/ssh-keys`, part(sshKeyView)),
  addKey: (id: string, publicKey: string) => post(http, `/v1/accounts/${at(id)}/ssh-keys`, { publicKey }),
  removeKey: (id: string, fingerprint: string) => remove(http, `/v1/accounts/${at(id)}/ssh-keys/${at(fingerprint)}`),
});

const vmRoutes = (http: Http) => ({
  vms: (filter: VmFilter = {}, rowsMax?: number): Promise<readonly VmView[]> =>
    list(http, '/v1/vms', vmView, filter, rowsMax),
  vm: (id: string, atLeast?: string): Promise<VmView> => http.ask(`/v1/vms/${at(id)}`, vmView, { query: { atLeast } }),
  requestVm: (request: VmRequest) => post(http, '/v1/vms', request),
  startVm: (id: string) => post(http, `/v1/vms/${at(id)}/start`),
  stopVm: (id: string, reason?: string) => post(http, `/v1/vms/${at(id)}/stop`, reason === undefined ? {} : { reason }),
  rebootVm: (id: string) => post(http, `/v1/vms/${at(id)}/reboot`),
  resizeVm: (id: string, size: { readonly flavorId?: string; readonly diskBytes?: number }) =>
    post(http, `/v1/vms/${at(id)}/resize`, size),
  changeVmKeys: (
    id: string,
    change: { set?: readonly string[] | undefined; add?: readonly string[]; remove?: readonly string[] },
  ): Promise<KeysChanged> => http.ask(`/v1/vms/${at(id)}/ssh-keys`, keysChanged, { method: 'POST', body: change }),
  consentVm: (id: string, consent: { kind: string; bootId: string }) =>
    post(http, `/v1/vms/${at(id)}/consent`, consent),
  passport: async (id: string): Promise<Passport> => {
    const { passportSchema } = await import('#passport');
    return http.ask(`/v1/vms/${at(id)}/passport`, passportSchema);
  },
  terminateVm: (id: string, destroyBackups = false) =>
    remove(http, `/v1/vms/${at(id)}${destroyBackups ? '?destroyBackups=true' : ''}`),
});

const minerRoutes = (http: Http) => ({
  miners: (filter: MinerFilter = {}, rowsMax?: number): Promise<readonly MinerView[]> =>
    list(http, '/v1/miners', minerView, filter, rowsMax),
  miner: (id: string, atLeast?: string): Promise<MinerView> =>
    http.ask(`/v1/miners/${at(id)}`, minerView, { query: { atLeast } }),
  inviteMiner: (miner: { minerId: string; name: string; joinTokenSha256: string; expiresAt: string }) =>
    post(http, '/v1/miners', miner),
});

const flavorRoutes = (http: Http) => ({
  flavors: (retired: 'include' | 'exclude' = 'exclude'): Promise<readonly FlavorView[]> =>
    list(http, '/v1/flavors', flavorView, { retired }),
  flavor: (id: string, atLeast?: string): Promise<FlavorView> =>
    http.ask(`/v1/flavors/${at(id)}`, flavorView, { query: { atLeast } }),
  defineFlavor: (flavor: { flavorId: string; size: Size; pricePerHour: string }) => post(http, '/v1/flavors', flavor),
  retireFlavor: (id: string, reason?: string) =>
    post(http, `/v1/flavors/${at(id)}/retire`, reason === undefined ? {} : { reason }),
});

const imageRoutes = (http: Http) => ({
  images: (rowsMax?: number): Promise<readonly ImageView[]> => list(http, '/v1/images', imageView, {}, rowsMax),
  image: (digest: string, atLeast?: string): Promise<ImageView> =>
    http.ask(`/v1/images/${at(digest)}`, imageView, { query: { atLeast } }),
  registerImage: (digest: string, manifest: unknown, of?: { accountId: string; headerSha256: string }) =>
    post(http, '/v1/images', { digest, manifest, ...(of === undefined ? {} : { private: of }) }),
  vaultSealingKey: (nonce: string): Promise<{ announcement: string }> =>
    http.ask('/v1/vault/sealing-key', announced, { query: { nonce } }),
  giveImageKey: (digest: string, sealed: SealedImageKey) => post(http, `/v1/images/${at(digest)}/key`, sealed),
  withdrawImageKey: (digest: string, reason?: string) =>
    http.ask(`/v1/images/${at(digest)}/key`, accepted, {
      ...{ method: 'DELETE', body: reason === undefined ? {} : { reason } },
    }),
  retireImage: (digest: string, reason?: string) =>
    post(http, `/v1/images/${at(digest)}/retire`, reason === undefined ? {} : { reason }),
});

const whyNotRoutes = (http: Http) => ({
  whyNotVm: (id: string, minerId?: string): Promise<WhyNot> =>
    http.ask(`/v1/vms/${at(id)}/why-not`, whyNot, { query: { minerId } }),
  whyNotRequest: (request: { flavorId: string; minerId?: string | undefined; accountId?: string | undefined }) =>
    http.ask('/v1/why-not', whyNot, { query: request }),
});

const drainRoutes = (http: Http) => ({
  drainMiner: (id: string, drain: { reason?: string | undefined; deadlineAt?: string | undefined }) =>
    post(http, `/v1/miners/${at(id)}/drain`, drain),
  undrainMiner: (id: string) => post(http, `/v1/miners/${at(id)}/undrain`),
});

const recordRoutes = (http: Http) => ({
  streams: (category?: string, rowsMax?: number): Promise<readonly StreamView[]> =>
    list(http, '/v1/streams', streamView, { category }, rowsMax),
  streamPage: (stream: string, from: bigint, limit: number): Promise<{ items: readonly EventView[] }> =>
    http.ask(`/v1/streams/${at(stream)}`, page, { query: { from: from.toString(), limit } }),
  /** Where the log stood at a time, or the position itself. */
  positionAt: (at: string): Promise<{ position: string | null }> =>
    http.ask('/v1/events/position', positionView, { query: { at } }),
  parked: (
    query: { consumer?: string | undefined; status?: 'parked' | 'skipped' } = {},
  ): Promise<readonly ParkedView[]> => list(http, '/v1/parked', parkedView, query),
});

const announced = z.looseObject({ announcement: z.string().max(8_000) });
const positionView = z.looseObject({ position: z.string().nullable() });
