import { z } from 'zod';
import type { DeviceEvent } from '#domain';
import { minerId, shortText } from './values.ts';
import type { EventSchemas } from './vm.ts';

const device = { deviceKind: z.enum(['chip', 'tpm']), deviceId: z.string().regex(/^[0-9a-f]{16,128}$/) };

/** Stored form, version 1, of every event on `device-<sha256>`. */
export const deviceEvents = {
  DeviceClaimed: z.strictObject({ ...device, minerId }),
  DeviceClaimRefused: z.strictObject({ ...device, minerId, heldBy: minerId }),
  DeviceReleased: z.strictObject({ minerId, reason: shortText }),
  DeviceTransferred: z.strictObject({ from: minerId, to: minerId, reason: shortText }),
  DeviceDisputed: z.strictObject({ minerId, reason: shortText }),
  DeviceDisputeSettled: z.strictObject({
    outcome: z.enum(['kept', 'transferred']),
    holder: minerId,
    reason: shortText,
  }),
} satisfies EventSchemas<DeviceEvent>;
