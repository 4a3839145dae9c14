import type { Api } from '../client/api.ts';
import { readStream } from '../client/streams.ts';
import type { EventView } from '../client/views.ts';

/**
 * What was judged of a VM's guest since it was last looked, before an event that rests on a verdict: the verdicts are on a
 * stream of their own, and a story without them would not say why a key was released.
 */
export const appraisalsBefore = (api: Api, vmId: string): ((event: EventView) => Promise<readonly EventView[]>) => {
  let next = 0n;
  return async ({ type, recordedAt }) => {
    if (!restsOnVerdict.has(type)) return [];
    const events = await readStream(api, `appraisal-${vmId}`, next);
    next += BigInt(events.length);
    // A VM that was brought back has verdicts of earlier boots: told already, or not asked for.
    return events.filter((event) => Date.parse(recordedAt) - Date.parse(event.recordedAt) < recentMs);
  };
};

const restsOnVerdict: ReadonlySet<string> = new Set(['VmKeyReleased', 'VmBootConfirmed']);
const recentMs = 60_000;
