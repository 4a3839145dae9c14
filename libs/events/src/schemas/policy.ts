import { z } from 'zod';
import type { PolicyEvent } from '#domain';
import { count, sha256Hex, shortText } from './values.ts';
import type { EventSchemas } from './vm.ts';

/** A policy is an event, so the limit of an event's data is its limit too. */
export const policyDocument = z.record(z.string().max(200), z.json());

/** Stored form, version 1, of every event on `policy-<name>`. */
export const policyEvents = {
  PolicyPublished: z.strictObject({
    name: shortText,
    version: count,
    sha256: sha256Hex,
    document: policyDocument,
    reason: shortText,
  }),
} satisfies EventSchemas<PolicyEvent>;
