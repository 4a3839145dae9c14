import { z } from 'zod';
import type { Ids } from '#events';
import { storeFault } from './faults.ts';
import type { Link } from './link.ts';
import { createSmallStream } from './small-stream.ts';

/** Rises with every change of what is stored beside and in the events. */
const formatVersion = 1;

const created = z.object({ storeId: z.uuid(), format: z.number() });

/** The id of the store in a database: made by whoever comes first, the same for all who come after. */
export const storeIdOf = async (link: Link, ids: Ids): Promise<string> => {
  const stream = createSmallStream({ link, ids, name: 'hcc_store-id', type: 'StoreCreated', schema: created });
  const found = await stream.read();
  if (found === null) await stream.write({ storeId: ids.uuid(), format: formatVersion }, null);
  const { value } = found ?? (await stream.read()) ?? {};
  if (value === undefined) throw storeFault(link.shown, 'io', 'its id was written and is not there');
  if (value.format > formatVersion) {
    throw storeFault(link.shown, 'newer-format', `it has format ${value.format}, this build knows ${formatVersion}`);
  }
  return value.storeId;
};
