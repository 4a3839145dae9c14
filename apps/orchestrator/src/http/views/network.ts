import { z } from 'zod';

export const network = z.strictObject({ name: z.string(), kind: z.literal('simulated') });

/** Which network this is, and whether what it attests is real. Every screen of a simulated one says so. */
export type Network = Readonly<z.infer<typeof network>>;
