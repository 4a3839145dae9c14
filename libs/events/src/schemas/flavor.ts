import { z } from 'zod';
import type { FlavorEvent } from '#domain';
import { microCredits, shortText, size } from './values.ts';
import type { EventSchemas } from './vm.ts';

/** Stored form, version 1, of every event on `flavor-<id>`. */
export const flavorEvents = {
  FlavorDefined: z.strictObject({ flavorId: shortText, size, pricePerHour: microCredits }),
  FlavorRetired: z.strictObject({ reason: shortText }),
} satisfies EventSchemas<FlavorEvent>;
