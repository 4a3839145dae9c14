import { type DeviceState, device } from '#domain';
import { aggregates, deviceStreamId } from '#events';
import type { Projection } from './projection.ts';
import { stateToText, textToState } from './state-text.ts';

/** One secure processor or TPM, and whose it is. */
export type DeviceRow = {
  readonly device: NonNullable<DeviceState>;
  readonly claimedAt: string;
  readonly changedAt: string;
};

const ddl = `CREATE TABLE devices (
  device_key TEXT PRIMARY KEY,
  created_at TEXT NOT NULL,
  row TEXT NOT NULL,
  holder TEXT
) STRICT;
CREATE INDEX devices_by_age ON devices (created_at, device_key);
CREATE INDEX devices_by_holder ON devices (holder, created_at, device_key);`;

/** Its key is the id of its stream, which derives from what it is. */
export const deviceKeyOf = ({ device: { deviceKind, deviceId } }: DeviceRow): string =>
  deviceStreamId({ deviceKind, deviceId });

export const devices: Projection<DeviceRow> = {
  name: 'devices',
  ddl,
  category: 'device',
  fold: (row, recorded) => {
    const next = device.evolve(row?.device ?? null, aggregates.device.codec.decode(recorded));
    if (next === null) return null;
    return { device: next, claimedAt: row?.claimedAt ?? recorded.recordedAt, changedAt: recorded.recordedAt };
  },
  open: (db, writes) => {
    const one = db.prepare<[string], string>('SELECT row FROM devices WHERE device_key = ?').pluck();
    const put = writes.statement(
      `INSERT INTO devices (device_key, created_at, row, holder) VALUES (:key, :createdAt, :row, :holder)
       ON CONFLICT (device_key) DO UPDATE SET row = :row, holder = :holder`,
    );
    const forget = writes.statement('DELETE FROM devices WHERE device_key = ?');
    return {
      load: (key) => {
        const text = one.get(key);
        return text === undefined ? null : textToState<DeviceRow>(text);
      },
      save: (key, row) => put({ key, createdAt: row.claimedAt, row: stateToText(row), holder: row.device.holder }),
      remove: (id) => forget(id),
    };
  },
};
