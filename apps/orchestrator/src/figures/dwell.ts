import { andThen, type RecordedEvent, type Sink } from '#events';
import type { LiveVms } from '../processes/deadlines.process.ts';

export type Dwelt = (state: string, ms: number) => void;

/** A sink over the fold of live VMs that tells how long a VM was in the state that it leaves. What is loaded is not told again. */
export const withDwell = (sink: Sink, live: () => LiveVms, dwelt: Dwelt): Sink => {
  const vmIn = <Live>(vms: ReadonlyMap<string, Live>, { stream }: RecordedEvent): Live | undefined =>
    vms.get(stream.slice(stream.indexOf('-') + 1));
  return {
    ...sink,
    apply: (event) => {
      const before = vmIn(live(), event);
      const done = sink.apply(event);
      if (before === undefined) return done;
      return andThen(done, () => {
        const after = vmIn(live(), event);
        if (after?.state.observed === before.state.observed) return;
        dwelt(before.state.observed, Math.max(0, Date.parse(event.recordedAt) - before.since));
      });
    },
  };
};
