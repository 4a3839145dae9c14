import type { VmCommand, VmState, vm } from '#domain';
import type { PlantedBug } from '../planted.ts';

type Decide = typeof vm.decide;
type Of<Type extends VmCommand['type']> = Extract<VmCommand, { type: Type }>;

/** The rules of keys with a mistake in them; `null` for a mistake that is in other ones. */
export const decideSealedWith = (bug: PlantedBug | null, decide: Decide): Decide | null => {
  switch (bug) {
    case 'key-to-any-guest':
      return ofReleases(decide, (state, command) => decide(withoutOtherGuest(state, command), command));
    case 'bad-verdicts-release':
      return ofReleases(decide, (state, command) => decide(state, { ...command, tier: 'affirming' }));
    case 'old-verdicts-release':
      return ofReleases(decide, (state, command) =>
        decide(state, { ...command, appraisedAt: command.now }).map((event) =>
          event.type === 'VmKeyReleased' ? { ...event, appraisedAt: command.appraisedAt } : event,
        ),
      );
    case 'older-volumes-open':
      return (state, command) => {
        if (state === null || state.volume === null || command.type !== 'ConfirmBoot') return decide(state, command);
        return decide(state, { ...command, counter: state.sealedBoot?.released?.counter ?? command.counter });
      };
    default:
      return null;
  }
};

const ofReleases =
  (decide: Decide, release: (state: VmState, command: Of<'ReleaseKey'>) => ReturnType<Decide>): Decide =>
  (state, command) =>
    command.type === 'ReleaseKey' ? release(state, command) : decide(state, command);

/** The VM as if the key of its present boot had gone to nobody but who asks now. */
const withoutOtherGuest = (state: VmState, { guestKeySha256 }: Of<'ReleaseKey'>): VmState => {
  const boot = state?.sealedBoot ?? null;
  if (state === null || boot === null || boot.released?.guestKeySha256 === guestKeySha256) return state;
  return { ...state, sealedBoot: { ...boot, released: null } };
};
