import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { createCertificateVerdicts, parseGuestEvidence } from '#attestation';
import { AttestationRefused } from '#events';
import {
  type Guest,
  guestPolicy,
  guestVm,
  openGuest,
  specifiedBoot,
} from '../../../../libs/attestation/src/guest/guest.fixture.ts';
import { gatherBy } from '../endorsements/endorsements.ts';
import { createGuestJudging } from './judging-guests.ts';

const guest = await openGuest();
const { atMs, network, nonceSha256, roots, revocationLists } = guest.context;

/** Judges what a guest says with these lists at hand; a refusal to judge is its code and when to ask again. */
const judgedWith = async (lists: Guest['context']['revocationLists'], document = guest.say(), at = atMs) => {
  const read = parseGuestEvidence(document);
  const evidence = 'value' in read ? read.value : expect.fail('an honest document is refused');
  const gather = gatherBy(async () => ({ endorsements: null, revocationLists: lists }));
  const judge = createGuestJudging({
    ...{ network, trust: { roots, verdicts: createCertificateVerdicts() } },
    policies: { guestBoot: () => ({ policy: guestPolicy, used: { name: 'guest-boot', version: 1 } as never }) },
    holderOf: async (_kind, deviceId) => ({ deviceId, heldBy: guestVm.minerId }),
  });
  const question = {
    document,
    evidence,
    grounds: await gather(evidence),
    expected: specifiedBoot(guestVm),
    nonceSha256,
  };
  return judge({ ...question, atMs: at }).then(
    ({ appraisal: { tier, refusals } }) => ({ tier, codes: refusals.map(({ code }) => code) }),
    (error: unknown) => {
      if (!(error instanceof AttestationRefused)) throw error;
      return { refused: error.code, retryInMs: error.retryInMs };
    },
  );
};

test('given the list of the root / then an honest guest is affirmed', async () => {
  expect(await judgedWith(revocationLists)).toEqual({ tier: 'affirming', codes: [] });
});

test('given a list that could not be had, or that has run out / then an honest guest waits for one, and is not refused', async () => {
  const waits = { refused: 'revocation-list-lacking', retryInMs: 10_000 };
  expect(await judgedWith({})).toEqual(waits);
  expect(await judgedWith(revocationLists, guest.say(), atMs + 2_000)).toEqual(waits);
});

test('given anything else against a guest / when there is no list / then it is refused', async () => {
  const other = guest.say({ report: { measurement: createHash('sha384').update('another').digest() } });
  expect(await judgedWith({}, other)).toMatchObject({ tier: 'contraindicated' });
});
