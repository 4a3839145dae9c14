import type { VmEvent } from '#domain';
import { untilKept } from '../domain/vm-backup-story.ts';

type Whose = { readonly vmId: string; readonly accountId: string; readonly minerId: string };

/** The history of a sealed VM that ran once, is stopped, and has one backup: of this owner, on this miner. */
export const backedUpVm = (whose: Whose): readonly VmEvent[] => untilKept.backedUp.map((event) => of(event, whose));

const of = <Event extends VmEvent>(event: Event, whose: Whose): Event => ({
  ...event,
  ...Object.fromEntries(Object.entries(whose).filter(([name]) => name in event)),
});
