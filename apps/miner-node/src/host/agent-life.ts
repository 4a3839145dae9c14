import { join } from 'node:path';
import { z } from 'zod';
import { minerId } from '#events';
import { writeFileDurably } from '#host';
import { CannotStart } from '../failure.ts';
import { readSmallFile } from './small-file.ts';

const record = z.strictObject({ version: z.literal(1), minerId, agentEpoch: z.int().positive() });
const bytesMax = 4_096;

/** Begins a new life of the agent in its directory and promises its number, which is on disk and was never given before.
 *  Refuses with CannotStart a directory of another miner, and a file that cannot be read: a number given twice would make
 *  every report of ours count as old. Call it only while holding the directory's lock. */
export const beginAgentLife = async (minerDir: string, wantedMinerId: string): Promise<number> => {
  const path = join(minerDir, 'agent.json');
  const content = await readSmallFile(path, bytesMax);
  const last = content === null ? null : parse(path, content);
  if (last !== null && last.minerId !== wantedMinerId) {
    throw new CannotStart(
      `${minerDir} belongs to miner ${last.minerId}, wanted ${wantedMinerId}: correct HCC_MINER_ID, or give this miner its own HCC_MINER_DIR`,
    );
  }
  const agentEpoch = (last?.agentEpoch ?? 0) + 1;
  await writeFileDurably(path, `${JSON.stringify({ version: 1, minerId: wantedMinerId, agentEpoch })}\n`);
  return agentEpoch;
};

const parse = (path: string, content: string): z.infer<typeof record> => {
  try {
    return record.parse(JSON.parse(content));
  } catch {
    throw new CannotStart(
      `${path} is not an agent's record: put back a good copy, or write {"version":1,"minerId":"<this miner>","agentEpoch":<the epoch \`hcc miner status\` shows>}`,
    );
  }
};
