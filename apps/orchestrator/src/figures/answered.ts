import { andThen, type RecordedEvent, type Sink } from '#events';

export type Answered = (event: string, ms: number) => void;

/** What an owner asks of a VM that its miner then does. */
const asks: ReadonlySet<string> = new Set([
  ...['VmRequested', 'VmStartRequested', 'VmRebootRequested', 'VmStopRequested', 'VmTerminationRequested'],
]);

/** A sink that also tells how long what was asked of a VM last took until its miner reported a change of it. What was
 *  asked before this sink began is not told. */
export const withAnswered = (sink: Sink, answered: Answered): Sink => {
  const asked = new Map<string, RecordedEvent>();

  const note = (event: RecordedEvent): void => {
    const { stream, type, actor, recordedAt } = event;
    if (!stream.startsWith('vm-')) return;
    if (asks.has(type)) return void asked.set(stream, event);
    const before = asked.get(stream);
    const isReported = actor.startsWith('miner:');
    if (before !== undefined && isReported) {
      answered(before.type, Math.max(0, Date.parse(recordedAt) - Date.parse(before.recordedAt)));
    }
    // Nobody reports of a VM that was refused or is gone.
    if (isReported || type === 'VmRefused' || type === 'VmTerminated') asked.delete(stream);
  };

  return {
    ...sink,
    apply: (event) => andThen(sink.apply(event), () => note(event)),
  };
};
