import type { Metrics } from '#edge';
import type { Sink } from '#events';
import type { LiveVms } from '../processes/deadlines.process.ts';
import { type Answered, withAnswered } from './answered.ts';
import { type Dwelt, withDwell } from './dwell.ts';

/** Told of the times that VMs take: how long in a state, how long until what was asked shows. */
export type VmFigures = { readonly dwelt: Dwelt; readonly answered: Answered };

export const noFigures: VmFigures = { dwelt: () => undefined, answered: () => undefined };

export const measuredVms = (metrics: Metrics): VmFigures => ({
  dwelt: (state, ms) => metrics.observe('hcc_vm_state_dwell_seconds', { state }, ms / 1_000),
  answered: (event, ms) => metrics.observe('hcc_vm_command_to_observation_seconds', { event }, ms / 1_000),
});

/** The fold of live VMs, with the times that it sees told. */
export const withVmFigures = (sink: Sink, live: () => LiveVms, { dwelt, answered }: VmFigures): Sink =>
  withAnswered(withDwell(sink, live, dwelt), answered);
