import { type BootId, type Miner, type MinerId, type Vm, type VmEvent, type VmId, vm } from '#domain';
import { aggregates, type RecordedEvent } from '#events';
import type { Accuse } from './checker.ts';
import { createFormerCheck } from './moving/moving-check.ts';
import { ownerActor } from './wishes.ts';

// The rules as they are before a mistake is planted in them.
const { evolve } = vm;
/** Restarts that a crashing guest gets within the window, as the glossary tells owners. */
const [crashRestartsMax, crashWindowMs] = [5, 600_000];

/** A report that became an event. */
type Reported = Pick<Of<'VmRunning'>, 'minerId' | 'generation' | 'agentEpoch' | 'sequence'>;
type Of<Type extends VmEvent['type']> = Extract<VmEvent, { type: Type }>;

/** Holds every VM's stream, and what hosts do with it, against what must always be true. */
export const createVmCheck = (
  miners: ReadonlyMap<MinerId, Miner>,
  accuse: Accuse,
  alsoSee: (before: Vm, event: VmEvent) => void,
) => {
  const vms = new Map<VmId, Vm>();
  const boots = new Map<BootId, { readonly vmId: VmId; readonly generation: number }>();
  const launches = new Set<BootId>();
  const raised = new Set<string>();
  const crashBoots = new Map<VmId, number[]>();
  const formers = createFormerCheck();
  /** What hosts did, to be held against the log once it was read up to then. */
  const deeds: (() => void)[] = [];

  const seePlaced = (id: VmId, before: Vm | null, { minerId, generation }: Of<'VmPlaced'>): void => {
    if (generation <= (before?.placement?.generation ?? 0)) {
      accuse('one-holder-per-generation', `${id} generation ${generation} was placed twice`);
    }
    if (miners.get(minerId)?.allocations.get(id)?.generation !== generation) {
      accuse('placed-only-when-reserved', `${id} generation ${generation} is not reserved on ${minerId}`);
    }
  };
  const seeBoot = (id: VmId, before: Vm | null, event: Of<'BootAuthorized'>): void => {
    if (boots.has(event.bootId)) accuse('boot-id-once', `boot ${event.bootId} was authorised twice`);
    if (event.bootEpoch <= (before?.boot?.bootEpoch ?? 0)) accuse('boot-epoch-rises', `${id}: ${event.bootEpoch}`);
    boots.set(event.bootId, { vmId: id, generation: event.generation });
    if (event.cause !== 'crash') return;
    const { authorizedAt } = event;
    const recent = (crashBoots.get(id) ?? []).filter((at) => authorizedAt - at < crashWindowMs);
    if (recent.length >= crashRestartsMax) accuse('crash-loops-end', `${id} got restart ${recent.length + 1} in a row`);
    crashBoots.set(id, [...recent, authorizedAt]);
  };
  /** What a miner says counts only from the one that holds the VM, each report newer than the last. */
  const seeReport = (id: VmId, before: Vm, event: VmEvent & Reported): void => {
    const { minerId, generation, agentEpoch, sequence } = event;
    const { placement, lastReport } = before;
    if (placement?.minerId !== minerId || placement.generation !== generation) {
      accuse('only-the-holder-reports', `${id} took generation ${generation} of ${minerId}`);
    }
    const isNewer =
      lastReport === null ||
      agentEpoch > lastReport.agentEpoch ||
      (agentEpoch === lastReport.agentEpoch && sequence >= lastReport.sequence);
    if (!isNewer) accuse('reports-only-newer', `${id} took report ${agentEpoch}/${sequence} after a newer one`);
  };
  const seeDeadline = (id: VmId, event: Of<'VmDeadlinePassed'>, recorded: RecordedEvent): void => {
    const once = `${id} ${event.waitingFor} ${event.deadlineAt}`;
    if (raised.has(once)) accuse('deadline-once', `${once} was raised twice`);
    if (Date.parse(recorded.recordedAt) < event.deadlineAt) accuse('deadline-not-early', once);
    raised.add(once);
  };
  const seeEnd = (id: VmId, before: Vm | null, event: VmEvent, { actor }: RecordedEvent): void => {
    if (event.type === 'VmTerminated' && before?.desired !== 'absent') {
      accuse('nothing-destroyed-unasked', `${id} was terminated while it was to be ${before?.desired}`);
    }
    if (event.type === 'VmTerminationRequested' && actor !== ownerActor) {
      accuse('nothing-destroyed-unasked', `${actor} asked for the end of ${id}`);
    }
  };

  const see = (id: VmId, recorded: RecordedEvent): void => {
    const event = aggregates.vm.codec.decode(recorded);
    const before = vms.get(id) ?? null;
    const after = evolve(before, event);
    if (after === null) {
      accuse('vm-stream-begins', `${id} begins with ${event.type}`);
      return;
    }
    vms.set(id, after);
    formers.see(after);
    if (before !== null && after.generation < before.generation) {
      accuse('generation-rises', `${id} fell from generation ${before.generation} to ${after.generation}`);
    }
    if (event.type === 'VmPlaced') seePlaced(id, before, event);
    if (event.type === 'BootAuthorized') seeBoot(id, before, event);
    if (event.type === 'VmStartRequested') crashBoots.delete(id);
    if (event.type === 'VmDeadlinePassed') seeDeadline(id, event, recorded);
    const isReport = 'agentEpoch' in event && 'sequence' in event;
    if (isReport && before !== null) seeReport(id, before, event);
    seeEnd(id, before, event, recorded);
    if (before !== null) alsoSee(before, event);
  };

  return {
    vms: vms as ReadonlyMap<VmId, Vm>,
    see,
    settle: (): void => {
      for (const check of deeds.splice(0)) check();
    },
    launched: (minerId: MinerId, vmId: string, generation: number, bootId: BootId): void => {
      if (launches.has(bootId)) accuse('boot-launched-once', `boot ${bootId} of ${vmId} was launched again`);
      launches.add(bootId);
      deeds.push(() => {
        const boot = boots.get(bootId);
        if (boot?.vmId === vmId && boot.generation === generation) return;
        accuse('boot-authorised', `${minerId} launched boot ${bootId} of ${vmId}, which nobody authorised`);
      });
    },
    removed: (minerId: MinerId, vmId: string, generation: number): void => {
      deeds.push(() => {
        const { desired = 'unknown' } = vms.get(vmId as VmId) ?? {};
        if (desired === 'absent' || formers.mayGo(vmId, minerId, generation)) return;
        accuse('nothing-destroyed-unasked', `${minerId} removed ${vmId}, which is ${desired}`);
      });
    },
  };
};
