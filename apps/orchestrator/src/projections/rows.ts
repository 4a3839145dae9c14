import type { Database, Statement } from 'better-sqlite3';
import type { Role } from '#domain';
import type { AccountRow } from './accounts.projection.ts';
import type { AttestationRow } from './attestations.projection.ts';
import type { AuditSpan } from './audit.projection.ts';
import { listedSpans, type SpanFilter } from './audit-rows.ts';
import type { DeviceRow } from './devices.projection.ts';
import { type MinerFilter, minersWanted, type VmFilter, vmsWanted, type Wanted } from './filters.ts';
import type { FlavorRow } from './flavors.projection.ts';
import type { ImageRow } from './images.projection.ts';
import { listRowsMax } from './limits.ts';
import type { MinerRow } from './miners.projection.ts';
import type { ParkedRow } from './parked.projection.ts';
import { listedParked, oneParked, type ParkedFilter } from './parked-rows.ts';
import type { PolicyRow } from './policies.projection.ts';
import { textToState } from './state-text.ts';
import { type StreamRow, vmOwner } from './streams.projection.ts';
import { textToVm } from './vm-text.ts';
import type { VmRow } from './vms.projection.ts';

/** Where a list goes on: after this row, in the list's own order. Opaque to clients. */
export type Cursor = readonly [createdAt: string, id: string];
export type ListOptions = { readonly after: Cursor | null; readonly limit: number };
export type List<Row> = { readonly rows: readonly Row[]; readonly next: Cursor | null };

export type TokenGrant = { readonly accountId: string; readonly role: Role; readonly sha256: string };

/** What may be asked of the read model. Every list is in order of creation and bounded. */
export type Rows = {
  vm(vmId: string): VmRow | null;
  vms(filter: VmFilter, options: ListOptions): List<VmRow>;
  account(accountId: string): AccountRow | null;
  accounts(filter: { readonly name?: string | undefined }, options: ListOptions): List<AccountRow>;
  /** Every open token of that id; ids are made by clients, so two accounts may have the same one. */
  tokens(tokenId: string): readonly TokenGrant[];
  miner(minerId: string): MinerRow | null;
  miners(filter: MinerFilter, options: ListOptions): List<MinerRow>;
  image(digest: string): ImageRow | null;
  images(options: ListOptions): List<ImageRow>;
  flavor(flavorId: string): FlavorRow | null;
  flavors(options: ListOptions): List<FlavorRow>;
  policy(name: string): PolicyRow | null;
  attestation(attesterId: string): AttestationRow | null;
  devices(filter: { readonly minerId?: string | undefined }, options: ListOptions): List<DeviceRow>;
  streams(category: string | null, options: ListOptions): List<StreamRow>;
  parked(filter: ParkedFilter, options: ListOptions): List<ParkedRow>;
  parkedEvent(consumer: string, eventId: string): ParkedRow | null;
  /** Minutes in which there are actions of a kind. */
  auditSpans(filter: SpanFilter, limit: number): readonly AuditSpan[];
  /** Whose a VM is, by its request. */
  vmOwner(vmId: string): string | null;
};

/** Questions to the rows of a read-model file. */
export const createRows = (db: Database): Rows => {
  const vm = byKey(db, 'vms', 'vm_id', textToVm);
  const account = byKey<AccountRow>(db, 'accounts', 'account_id');
  const miner = byKey<MinerRow>(db, 'miners', 'miner_id');
  const image = byKey<ImageRow>(db, 'images', 'digest');
  const flavor = byKey<FlavorRow>(db, 'flavors', 'flavor_id');
  const policy = byKey<PolicyRow>(db, 'policies', 'name');
  const attestation = byKey<AttestationRow>(db, 'attestations', 'attester_id');
  const devices = listed<DeviceRow>(db, 'devices', 'device_key');
  const flavors = listed<FlavorRow>(db, 'flavors', 'flavor_id');
  const vms = listed(db, 'vms', 'vm_id', textToVm);
  const accounts = listed<AccountRow>(db, 'accounts', 'account_id');
  const miners = listed<MinerRow>(db, 'miners', 'miner_id');
  const images = listed<ImageRow>(db, 'images', 'digest');
  const tokens = db.prepare<[string], TokenGrant>(
    'SELECT account_id AS accountId, role, sha256 FROM tokens WHERE token_id = ?',
  );
  return {
    vm,
    vms: (filter, options) => vms(vmsWanted(filter), options),
    account,
    accounts: ({ name }, options) => accounts({ columns: { name }, terms: [] }, options),
    tokens: (tokenId) => tokens.all(tokenId),
    miner,
    miners: (filter, options) => miners(minersWanted(filter), options),
    image,
    images: (options) => images(everything, options),
    flavor,
    flavors: (options) => flavors(everything, options),
    policy,
    attestation,
    devices: ({ minerId }, options) => devices({ columns: { holder: minerId }, terms: [] }, options),
    streams: listedStreams(db),
    parked: listedParked(db),
    parkedEvent: oneParked(db),
    auditSpans: listedSpans(db),
    vmOwner: vmOwner(db),
  };
};

type RowOf<Row> = (text: string) => Row;

const byKey = <Row>(
  db: Database,
  table: string,
  key: string,
  rowOf: RowOf<Row> = textToState,
): ((id: string) => Row | null) => {
  const one = db.prepare<[string], string>(`SELECT row FROM ${table} WHERE ${key} = ?`).pluck();
  return (id) => {
    const text = one.get(id);
    return text === undefined ? null : rowOf(text);
  };
};

type Listed = { readonly createdAt: string; readonly id: string; readonly row: string };

type Values = Readonly<Record<string, string | number | null>>;

const everything: Wanted = { columns: {}, terms: [] };

const listed = <Row>(db: Database, table: string, key: string, rowOf: RowOf<Row> = textToState) => {
  // One statement per set of columns that is asked for: at most as many as there are filters to combine.
  const statements = new Map<string, Statement<Values, Listed>>();
  const selectBy = (columns: readonly string[], terms: readonly string[]): Statement<Values, Listed> => {
    const where = [...columns.map((column) => `${column} = :${column}`), ...terms]
      .map((term) => `AND ${term}`)
      .join(' ');
    const known = statements.get(where);
    if (known !== undefined) return known;
    const made = db.prepare<Values, Listed>(
      `SELECT created_at AS createdAt, ${key} AS id, row FROM ${table}
       WHERE (created_at, ${key}) > (:createdAt, :id) ${where} ORDER BY created_at, ${key} LIMIT :limit`,
    );
    statements.set(where, made);
    return made;
  };
  return ({ columns, terms }: Wanted, options: ListOptions): List<Row> => {
    const given = Object.entries(columns).flatMap(([column, value]) => (value === undefined ? [] : [[column, value]]));
    const select = selectBy(
      given.map(([column]) => String(column)),
      terms,
    );
    const found = select.all({ ...startOf(options), ...Object.fromEntries(given) });
    return pageOf(
      found,
      options,
      ({ createdAt, id }) => [createdAt, id],
      ({ row }) => rowOf(row),
    );
  };
};

const listedStreams = (db: Database): Rows['streams'] => {
  const select = db.prepare<Readonly<Record<string, string | number | null>>, StreamRow>(
    `SELECT stream, category, events, last_at AS lastAt FROM streams
     WHERE stream > :id AND (:category IS NULL OR category = :category) ORDER BY stream LIMIT :limit`,
  );
  return (category, options) => {
    const { id, limit } = startOf(options);
    return pageOf(
      select.all({ id, limit, category }),
      options,
      ({ stream }) => ['', stream],
      (row) => row,
    );
  };
};

/** One row more than wanted tells whether there are more. */
export const startOf = ({ after, limit }: ListOptions) => ({
  createdAt: after?.[0] ?? '',
  id: after?.[1] ?? '',
  limit: Math.min(limit, listRowsMax) + 1,
});

/** What was found as a page, and where the next begins. */
export const pageOf = <Found, Row>(
  found: readonly Found[],
  { limit }: ListOptions,
  cursorOf: (found: Found) => Cursor,
  rowOf: (found: Found) => Row,
): List<Row> => {
  const shown = found.slice(0, Math.min(limit, listRowsMax));
  const last = shown.at(-1);
  const next = last === undefined || shown.length === found.length ? null : cursorOf(last);
  return { rows: shown.map(rowOf), next };
};
