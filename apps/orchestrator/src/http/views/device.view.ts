import { z } from 'zod';
import { instant, minerId } from '#events';
import { type DeviceRow, deviceKeyOf } from '../../projections/devices.projection.ts';

export const deviceAnswer = z
  .strictObject({
    deviceKey: z.string().describe('What it is called in these routes; the id of its stream'),
    deviceKind: z.enum(['chip', 'tpm']),
    deviceId: z.string().describe('Of a chip its own id, of a TPM SHA-256 of its endorsement key'),
    holder: minerId.nullable().describe('Which miner it counts for; null once it was released'),
    dispute: z.strictObject({ minerId, reason: z.string() }).nullable(),
    refused: z.array(minerId).describe('Miners that showed it while it counted for another, the last ones'),
    claimedAt: instant,
    changedAt: instant,
  })
  .meta({ id: 'Device' });

/** A secure processor or TPM as everybody who may look sees it. */
export const deviceView = (row: DeviceRow): z.input<typeof deviceAnswer> => {
  const { deviceKind, deviceId, holder, dispute, refused } = row.device;
  const { claimedAt, changedAt } = row;
  return {
    ...{ deviceKey: deviceKeyOf(row), deviceKind, deviceId, holder, dispute, refused: [...refused] },
    ...{ claimedAt, changedAt },
  };
};
