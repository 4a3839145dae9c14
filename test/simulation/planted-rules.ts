import { account, vm } from '#domain';
import { isoTime } from '#events';
import { vms } from '../../apps/orchestrator/src/projections/vms.projection.ts';
import type { PlantedBug } from './planted.ts';
import { decideSealedWith } from './sealed/planted-release.ts';

// The rules as they are before a mistake is planted in them.
const honest = { vm: { ...vm }, account: { ...account }, vms: { ...vms } };
type Decide = typeof vm.decide;
type Evolve = typeof vm.evolve;

/** Puts a mistake into the rules themselves, until the returned function takes it out again. */
export const plantInRules = (bug: PlantedBug | null, now: () => number): (() => void) => {
  const decide = decideWith(bug);
  const evolve = evolveWith(bug);
  if (decide !== null) Object.assign(vm, { decide });
  if (evolve !== null) Object.assign(vm, { evolve });
  if (bug === 'deposit-counts-twice') Object.assign(account, { decide: depositing });
  if (bug === 'projection-reads-a-clock') {
    const fold: typeof vms.fold = (row, recorded) => honest.vms.fold(row, { ...recorded, recordedAt: isoTime(now()) });
    Object.assign(vms, { fold });
  }
  return () => {
    Object.assign(vm, honest.vm);
    Object.assign(account, honest.account);
    Object.assign(vms, honest.vms);
  };
};

const decideWith = (bug: PlantedBug | null): Decide | null => {
  const { decide } = honest.vm;
  switch (bug) {
    case 'any-generation-reports':
      return (state, command) => {
        if (state?.placement == null || command.type !== 'ObserveVm') return decide(state, command);
        const { minerId, generation } = command;
        return decide({ ...state, placement: { minerId, generation } }, command);
      };
    case 'deadline-destroys':
      return (state, command) => {
        const decided = decide(state, command);
        const isPassed = command.type === 'RaiseVmDeadline' && decided.length > 0;
        return isPassed ? [...decided, ...decide(state, { type: 'TerminateVm', now: command.now })] : decided;
      };
    default:
      return decideSealedWith(bug, decide);
  }
};

const evolveWith = (bug: PlantedBug | null): Evolve | null => {
  const { evolve } = honest.vm;
  switch (bug) {
    case 'exit-is-not-cleared':
      return (state, event) => {
        const after = evolve(state, event);
        return event.type === 'VmRunning' && after !== null ? { ...after, exit: state?.exit ?? null } : after;
      };
    case 'crash-loops-never-end':
      return (state, event) => {
        const after = evolve(state, event);
        return after === null ? null : { ...after, crashBootsAt: [] };
      };
    case 'former-copy-stays':
      // Whoever held it before is forgotten, so nobody tells that miner anything.
      return (state, event) => {
        const after = evolve(state, event);
        return event.type === 'VmPlaced' && after !== null ? { ...after, former: [] } : after;
      };
    default:
      return null;
  }
};

const depositing: typeof account.decide = (state, command) =>
  honest.account.decide(state === null ? null : { ...state, deposits: new Map() }, command);
