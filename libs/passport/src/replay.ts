import { sayOlder, type Vm, type VmEvent, type VmState, vm } from '#domain';
import { byNetwork, type PassportCheck, short } from './check.ts';
import { againstRules, type Grounds } from './rules.ts';
import type { Told } from './told.ts';

type Of<Type extends VmEvent['type']> = Extract<VmEvent, { readonly type: Type }>;

/** One boot of a sealed VM, as its stream tells of it: what it was to start, where, and what came of it. */
export type SeenBoot = {
  readonly specified: Of<'VmBootSpecified'>;
  /** When that was written down. */
  readonly atMs: number;
  /** The miner it was placed on then. */
  readonly minerId: string;
  readonly vcpus: number;
  readonly imageDigest: string;
  readonly integrity: string;
  released: Of<'VmKeyReleased'> | null;
  confirmed: Of<'VmBootConfirmed'> | null;
  /** What its owner allowed its disk to say in place of the number it was given. */
  allowed: number | null;
};

export type Replay = {
  readonly vm: Vm | null;
  readonly boots: readonly SeenBoot[];
  /** One for each event that the rules of sealed VMs are about. */
  readonly checks: readonly PassportCheck[];
};

/** Folds a VM's stream from its beginning, and decides everything anew that its disk depends on. */
export const replay = (told: readonly Told<VmEvent>[], grounds: Grounds): Replay => {
  let state: VmState = null;
  const boots: SeenBoot[] = [];
  const checks: PassportCheck[] = [];
  for (const one of told) {
    const wrong = state === null ? undefined : againstRules(state, one, grounds);
    if (wrong !== undefined) checks.push(ruleCheck(one, wrong));
    state = vm.evolve(state, one.event);
    if (state !== null) absorb(boots, state, one);
  }
  return { vm: state, boots, checks };
};

const absorb = (boots: SeenBoot[], state: Vm, { event, atMs }: Told<VmEvent>): void => {
  if (event.type === 'VmBootSpecified') {
    boots.push({
      ...{ specified: event, atMs, minerId: state.placement?.minerId ?? 'none', vcpus: state.size.vcpus },
      ...{ imageDigest: state.imageDigest, integrity: state.volume?.integrity ?? 'none' },
      ...{ released: null, confirmed: null, allowed: null },
    });
    return;
  }
  const last = boots.at(-1);
  if (last === undefined) return;
  if (event.type === 'VmKeyReleased' && event.bootId === last.specified.bootId) last.released = event;
  if (event.type === 'VmBootConfirmed' && event.bootId === last.specified.bootId) last.confirmed = event;
  const isNumbered = last.released !== null && last.released.counter !== null;
  if (
    event.type === 'VmConsentGiven' &&
    event.kind === 'rollback' &&
    event.bootId === last.specified.bootId &&
    isNumbered
  ) {
    last.allowed = event.counter;
  }
};

const ruleCheck = ({ event, recorded }: Told<VmEvent>, wrong: string | null): PassportCheck => {
  const about = `${event.type} at ${recorded.revision}`;
  const [code, detail] = saidOf(event);
  return byNetwork(code, about, wrong, detail);
};

/** What an event says that was decided again. */
const saidOf = (event: VmEvent): readonly [string, string] => {
  switch (event.type) {
    case 'VmBootSpecified':
      return ['boot-decided', `boot ${short(event.bootId)} was settled before its miner heard of it`];
    case 'VmKeyReleased':
      return [
        'release-decided',
        `the key went to boot ${short(event.bootId)} after affirming appraisal ${short(event.appraisalId)}, in time, to ${event.mode}`,
      ];
    case 'VmImageKeyReleased':
      return [
        'image-key-decided',
        `the key of private image ${short(event.imageDigest)} went along, to the same guest of boot ${short(event.bootId)}`,
      ];
    case 'VmBootConfirmed':
      return [
        'confirmation-decided',
        `boot ${short(event.bootId)} went on with the pinned header, opening ${event.counter}, the one it was given or as its owner allowed`,
      ];
    case 'VmConsentGiven':
      return [
        'consent-decided',
        `the owner allowed boot ${short(event.bootId)} an older ${event.kind === 'rollback' ? 'disk' : 'start'}`,
      ];
    case 'VmRollbackSuspected':
      return ['rollback-decided', `boot ${short(event.bootId)} showed a disk that was ${sayOlder(event)}`];
    case 'VmKeyDestroyed':
      return ['key-destroyed-decided', `key version ${event.keyVersion} was destroyed after the end of the VM`];
    default:
      return ['host-key-decided', 'its miner reported the SSH host key that its guest had confirmed'];
  }
};
