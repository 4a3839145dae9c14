import { z } from 'zod';
import { instant, microCredits, size } from '#events';
import type { FlavorRow } from '../../projections/flavors.projection.ts';

export const flavorAnswer = z
  .strictObject({
    flavorId: z.string(),
    size,
    pricePerHour: microCredits.describe('In micro-credits'),
    offered: z.boolean().describe('Whether a VM may be requested with it'),
    retiredReason: z.string().nullable(),
    definedAt: instant,
    retiredAt: instant.nullable(),
  })
  .meta({ id: 'Flavor' });

/** A flavour as everybody sees it. */
export const flavorView = ({ flavor, definedAt, retiredAt }: FlavorRow): z.input<typeof flavorAnswer> => ({
  flavorId: flavor.flavorId,
  size: flavor.size,
  pricePerHour: flavor.pricePerHour.toString(),
  offered: flavor.retired === null,
  retiredReason: flavor.retired?.reason ?? null,
  definedAt,
  retiredAt,
});
