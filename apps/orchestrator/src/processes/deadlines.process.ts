import { type UnixMs, type Vm, type VmId, vm, type WaitingFor } from '#domain';
import type { RecordedEvent } from '#events';
import type { Process, ProcessCommand } from './process.ts';

/** Every VM that may wait for something, as its own stream tells it. */
export type LiveVms = Map<VmId, LiveVm>;

export type LiveVm = {
  readonly state: Vm;
  readonly last: RecordedEvent;
  /** When it came into the state that is observed now. */
  readonly since: UnixMs;
};

/** Knows what every VM waits for and until when. It reacts to nothing: time does, through a timer for each (deadline-timer.ts). */
export const deadlines: Process<LiveVms> = {
  name: 'deadlines',
  initial: () => new Map(),
  absorb: (live, known) => {
    if (known.category !== 'vm') return;
    const before = live.get(known.id);
    const state = vm.evolve(before?.state ?? null, known.event);
    if (state === null || state.observed === 'terminated' || state.observed === 'refused') live.delete(known.id);
    else live.set(known.id, { state, last: known.recorded, since: sinceOf(state, before, known.recorded) });
  },
  react: () => [],
};

const sinceOf = (state: Vm, before: LiveVm | undefined, { recordedAt }: RecordedEvent): UnixMs =>
  before?.state.observed === state.observed ? before.since : Date.parse(recordedAt);

export type Deadline = { readonly vmId: VmId; readonly waitingFor: WaitingFor; readonly deadlineAt: UnixMs };

/** What a VM waits for now, unless that deadline has already raised its event. */
export const deadlineOf = (state: Vm): Deadline | null =>
  state.waiting === null || state.waiting.passed
    ? null
    : { vmId: state.vmId, waitingFor: state.waiting.for, deadlineAt: state.waiting.deadlineAt };

/** The command that a passed deadline gives. It raises an event; it destroys nothing. */
export const raise = ({ vmId, waitingFor, deadlineAt }: Deadline): ProcessCommand => ({
  step: `deadline:${waitingFor}:${deadlineAt}`,
  target: 'vm',
  id: vmId,
  command: { type: 'RaiseVmDeadline', waitingFor, deadlineAt },
});
