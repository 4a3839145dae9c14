import { z } from 'zod';
import type { NetworkEvent } from '#domain';
import { sha256Hex, shortText } from './values.ts';
import type { EventSchemas } from './vm.ts';

export const networkKind = z.enum(['simulated', 'production']);

/** Stored form, version 1, of the event on `network-main`. */
export const networkEvents = {
  NetworkFounded: z.strictObject({
    networkId: z.uuid().lowercase(),
    name: shortText,
    kind: networkKind,
    networkPublicKey: shortText,
    simulatedRootSha256: sha256Hex.nullable(),
  }),
} satisfies EventSchemas<NetworkEvent>;
