import type { Vm } from '#domain';
import { stateToText, textToState } from './state-text.ts';
import type { VmRow } from './vms.projection.ts';

/**
 * A VM's row as text: its values in an order that only this file knows. The names of its many fields are the same in every
 * row, and half of a row with them, to be made, handed over and written.
 */
export const vmToText = ({ vm, requestedAt, observedAt, revision }: VmRow): string =>
  stateToText([requestedAt, observedAt, revision, ...fields.map((field) => vm[field])]);

/** What {@link vmToText} wrote. */
export const textToVm = (text: string): VmRow => {
  const [requestedAt, observedAt, revision, ...values] =
    textToState<readonly [string, string, string, ...unknown[]]>(text);
  if (values.length !== fields.length)
    throw new Error(`BUG: a VM has ${fields.length} fields, its row ${values.length}`);
  const vm: Record<keyof Vm, unknown> = { ...blank };
  for (const [at, field] of fields.entries()) vm[field] = values[at];
  // The text is what was made of a VM, and the file is of this version.
  return { vm: vm as Vm, requestedAt, observedAt, revision };
};

/** Every field of a VM, in the order of one that is requested: who compares rows as text compares the order, too. */
const blank: Readonly<Record<keyof Vm, null>> = {
  vmId: null,
  accountId: null,
  name: null,
  flavorId: null,
  size: null,
  imageDigest: null,
  sshPublicKeys: null,
  keysVersion: null,
  keysPending: null,
  asked: null,
  resize: null,
  resizeRefusal: null,
  restartPolicy: null,
  desired: null,
  observed: null,
  observedBeforeLost: null,
  waitingBeforeLost: null,
  lastHeardAt: null,
  refusal: null,
  holdId: null,
  generation: null,
  proposal: null,
  declinedGeneration: null,
  placement: null,
  placementFailure: null,
  boot: null,
  exit: null,
  crashBootsAt: null,
  endpoint: null,
  sshHostKey: null,
  sshHostKeyAttested: null,
  volume: null,
  sealedBoot: null,
  backups: null,
  backup: null,
  removedBackups: null,
  backupFailure: null,
  restore: null,
  restoreRefusal: null,
  restored: null,
  former: null,
  waiting: null,
  lastReport: null,
};

const fields = Object.keys(blank) as readonly (keyof Vm)[];
