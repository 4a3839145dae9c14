import type { AttestationHandlers } from '#events';
import type { createChipIssuer } from './chips/issue-chip.ts';
import type { Enrolment } from './enrolment/enrolment.ts';
import type { GuestRounds } from './guests/guest-rounds.ts';
import type { Rounds } from './rounds/rounds.ts';

export type HandlerParts = {
  readonly rounds: Rounds;
  readonly guests: GuestRounds;
  readonly enrolment: Enrolment;
  readonly chip: ReturnType<typeof createChipIssuer>;
};

/** What an attestor answers to who was let in. */
export const createHandlers = ({ rounds, guests, enrolment, chip }: HandlerParts): AttestationHandlers => ({
  challenge: (minerId) => rounds.challenge(minerId),
  enrol: async (minerId, message) => enrolment.enrol(minerId, message),
  activate: (minerId, message) => enrolment.activate(minerId, message),
  chip: (_, message) => chip(message),
  // Taken before anything is awaited: the parts of a list are heard in the order they were sent.
  ima: async (minerId, message) => rounds.takePart(minerId, message),
  evidence: (minerId, { evidence }) => rounds.appraise(minerId, evidence),
  'guest-challenge': (minerId, message) => guests.challenge(minerId, message),
  'guest-evidence': (minerId, { vmId, evidence }) => guests.appraise(minerId, vmId, evidence),
});
