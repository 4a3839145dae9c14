import type { Vm, VmEvent, VmId } from '#domain';
import { aggregates, type RecordedEvent } from '#events';
import type { Accuse } from '../checker.ts';
import type { Appraised, RealGuest, Witness } from './witness.ts';

/** How old an appraisal may be that a key is released for, and how far two clocks of one attestor's answer may be apart. */
const [appraisalAgeMaxMs, betweenClocksMs] = [60_000, 2_000];

type Of<Type extends VmEvent['type']> = Extract<VmEvent, { type: Type }>;

/** Holds every release, confirmation and destruction of a key against what must always be true of them. */
export const createSealedCheck = (accuse: Accuse) => {
  /** Verdicts in the log: when, and how good. */
  const verdicts = new Map<string, { readonly tier: string; readonly at: number }>();
  /** What each verdict is about, which only its signed form says. */
  const abouts = new Map<string, Appraised>();
  const guests = new Map<string, RealGuest>();
  const released = new Map<string, Of<'VmKeyReleased'>>();
  const confirmed = new Map<string, Of<'VmBootConfirmed'>>();
  /** Of each confirmed boot, the one that was confirmed before it, and whether its owner allowed it another disk. */
  const followed = new Map<string, { readonly last: string | null; readonly isAllowed: boolean }>();
  /** The boot of each VM that was confirmed last. */
  const latest = new Map<string, string>();
  /** What was done, to be held against the log once it was read up to then. */
  const deeds: ((vms: ReadonlyMap<VmId, Vm>) => void)[] = [];

  const seeReleased = (before: Vm, event: Of<'VmKeyReleased'>): void => {
    const { bootId, generation, minerId, guestKeySha256 } = event;
    const { vmId, placement, boot } = before;
    const earlier = released.get(bootId);
    if (earlier !== undefined && earlier.guestKeySha256 !== guestKeySha256) {
      accuse(
        'key-to-one-guest',
        `boot ${bootId} of ${vmId} gave its key to ${earlier.guestKeySha256} and ${guestKeySha256}`,
      );
    }
    if (placement?.minerId !== minerId || placement.generation !== generation || boot?.bootId !== bootId) {
      accuse('key-to-the-holder', `${vmId} gave its key to boot ${bootId}, generation ${generation} of ${minerId}`);
    }
    released.set(bootId, event);
    deeds.push(() => checkAppraised(vmId, event, 'vm-key'));
    deeds.push(() => {
      const guest = guests.get(guestKeySha256);
      if (guest?.bootId === bootId && guest.vmId === vmId && guest.minerId === minerId) return;
      accuse(
        'key-to-a-real-guest',
        `boot ${bootId} of ${vmId} gave its key to a guest key that none of its guests made`,
      );
    });
    deeds.push(() => {
      if (Math.abs(event.releasedAt - event.appraisedAt) <= appraisalAgeMaxMs) return;
      accuse(
        'key-for-fresh-evidence',
        `${vmId} gave its key ${event.releasedAt - event.appraisedAt} ms after a verdict`,
      );
    });
  };
  const checkAppraised = (
    vmId: string,
    { appraisalId, bootId, generation, minerId, ...event }: Of<'VmKeyReleased'> | Of<'VmBootConfirmed'>,
    purpose: string,
  ): void => {
    const [verdict, about] = [verdicts.get(appraisalId), abouts.get(appraisalId)];
    const isOfThis =
      about?.vmId === vmId &&
      about.bootId === bootId &&
      about.generation === generation &&
      about.minerId === minerId &&
      about.purpose === purpose;
    if (verdict?.tier !== 'affirming' || about?.tier !== 'affirming' || !isOfThis) {
      accuse(
        'key-for-good-evidence',
        `boot ${bootId} of ${vmId} got ${event.type} for verdict ${JSON.stringify(about)}`,
      );
    } else if ('appraisedAt' in event && Math.abs(event.appraisedAt - verdict.at) > betweenClocksMs) {
      accuse(
        'key-for-fresh-evidence',
        `${vmId} says its verdict is of ${event.appraisedAt}, which is of ${verdict.at}`,
      );
    }
  };
  const seeConfirmed = (before: Vm, event: Of<'VmBootConfirmed'>): void => {
    const { bootId, counter, headerSha256 } = event;
    const { vmId, volume, sealedBoot } = before;
    if (counter <= (volume?.counter ?? 0)) {
      accuse('counter-rises', `${vmId} went from opening ${volume?.counter} to ${counter}`);
    }
    if (volume?.headerSha256 != null && volume.headerSha256 !== headerSha256) {
      accuse('header-stays', `${vmId} has header ${headerSha256}, it had ${volume.headerSha256}`);
    }
    if (!released.has(bootId)) accuse('confirmed-with-a-key', `boot ${bootId} of ${vmId} was given no key`);
    confirmed.set(bootId, event);
    const isAllowed = sealedBoot?.rollback?.consented === true;
    followed.set(bootId, { last: latest.get(vmId) ?? null, isAllowed });
    latest.set(vmId, bootId);
    deeds.push(() => checkAppraised(vmId, event, 'ssh-host-key'));
  };

  const witness: Witness = {
    appraised: (about) => void abouts.set(about.appraisalId, about),
    keyMade: (guestKeySha256, guest) => void guests.set(guestKeySha256, guest),
    keyOpened: (guestKeySha256, { vmId, bootId }) => {
      deeds.push(() => {
        if (released.get(bootId)?.guestKeySha256 === guestKeySha256) return;
        accuse('key-is-recorded', `a guest of ${vmId} has the key for boot ${bootId}, and no event says so`);
      });
    },
    wentOn: (bootId, { vmId, counter, sshHostKey, openedBy }) => {
      deeds.push(() => {
        const { last = null, isAllowed = false } = followed.get(bootId) ?? {};
        const from = openedBy.findLast((one) => one !== bootId && confirmed.has(one)) ?? null;
        if (from !== last && !isAllowed) {
          accuse(
            'disk-is-the-latest',
            `boot ${bootId} of ${vmId} runs the disk of ${from}; ${last} was confirmed last`,
          );
        }
      });
      deeds.push(() => {
        const said = confirmed.get(bootId);
        if (said?.counter === counter && said.sshHostKey === sshHostKey) return;
        accuse(
          'goes-on-when-confirmed',
          `boot ${bootId} of ${vmId} runs with ${counter} openings, which nobody confirmed`,
        );
      });
    },
    keyDestroyed: (vmId) => {
      deeds.push((vms) => {
        const { desired = 'unknown' } = vms.get(vmId as VmId) ?? {};
        if (desired === 'absent') return;
        accuse('key-outlives-its-vm', `the key of ${vmId} is destroyed, which shall be ${desired}`);
      });
    },
  };

  return {
    witness,
    seeVm: (before: Vm, event: VmEvent): void => {
      if (event.type === 'VmKeyReleased') seeReleased(before, event);
      if (event.type === 'VmBootConfirmed') seeConfirmed(before, event);
      if (event.type === 'VmKeyDestroyed' && before.desired !== 'absent') {
        accuse('key-outlives-its-vm', `${before.vmId} shall be ${before.desired} and its key is told destroyed`);
      }
    },
    seeAppraisal: (recorded: RecordedEvent): void => {
      const event = aggregates.appraisal.codec.decode(recorded);
      if (event.type !== 'EvidenceAppraised' || event.kind !== 'guest') return;
      verdicts.set(event.appraisalId, { tier: event.tier, at: event.appraisedAt });
    },
    settle: (vms: ReadonlyMap<VmId, Vm>): void => {
      for (const check of deeds.splice(0)) check(vms);
    },
  };
};
