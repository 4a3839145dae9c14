import { z } from 'zod';
import { networkKind } from '#events';

export const network = z.strictObject({ id: z.uuid(), name: z.string(), kind: networkKind });

/** Which network this is, and whether what it attests is real. Every screen of a simulated one says so. */
export type Network = Readonly<z.infer<typeof network>>;
