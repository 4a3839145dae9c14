import type { Device, MinerId } from '#domain';
import { deviceStreamId } from '#events';
import type { KnownEvent, Process, ProcessCommand } from './process.ts';

/**
 * Whose a chip or TPM is: the first miner that proves one has it, and the stream of the device says so to everybody. Only
 * what was proved is claimed: a TPM by its activated credential, a chip by a report that verified.
 */
export const deviceClaims: Process<null> = {
  name: 'device-claims',
  initial: () => null,
  absorb: () => undefined,
  react: (_, known) => {
    const shown = deviceShown(known);
    return shown === null ? [] : [claim(shown.device, shown.minerId)];
  },
};

const deviceShown = (known: KnownEvent): { readonly device: Device; readonly minerId: MinerId } | null => {
  if (known.category !== 'appraisal') return null;
  const { event } = known;
  if (event.type === 'AttestationKeyEnrolled') {
    return { device: { deviceKind: 'tpm', deviceId: event.ekPublicSha256 }, minerId: minerOf(event.attesterId) };
  }
  // A guest runs on a chip that its miner has shown already.
  if (event.type !== 'EvidenceAppraised' || event.kind !== 'host') return null;
  const { chipId } = event.claims;
  if (chipId === null || event.groups.hardware !== 'affirming') return null;
  return { device: { deviceKind: 'chip', deviceId: chipId }, minerId: minerOf(event.attesterId) };
};

/** A host's attester has its miner's id. */
const minerOf = (attesterId: string): MinerId => attesterId as MinerId;

const claim = (device: Device, minerId: MinerId): ProcessCommand => ({
  step: `claim:${device.deviceKind}`,
  target: 'device',
  id: deviceStreamId(device),
  command: { type: 'ClaimDevice', ...device, minerId },
});
