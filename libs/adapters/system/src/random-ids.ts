import { randomUUID } from 'node:crypto';
import type { Ids } from '#events';

/** Random UUIDs from the machine's generator. The only place that reads it for ids. */
export const createRandomIds = (): Ids => ({ uuid: () => randomUUID() });
