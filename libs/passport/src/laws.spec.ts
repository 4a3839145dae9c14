import { createPublicKey } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { genesisHash } from '#events';
import { simulatedProcessor } from '#simulated-processor';
import { hashOf, type PassportBody, type PassportEvent } from './document.ts';
import { openScene } from './passport.fixture.ts';
import { signPassport } from './signed.ts';
import { verifyPassport } from './verify.ts';

const { body, networkKey } = await openScene();
const trust = { networkKey: createPublicKey(networkKey), simulated: simulatedProcessor, revocationLists: [] };

/** A passport of other data under the network's own hand: every link is right again, and so is the signature. */
const relinked = (streams: PassportBody['streams']): PassportBody['streams'] =>
  streams.map(({ stream, events }) => {
    let prevHash = genesisHash;
    return {
      stream,
      events: events.map((event): PassportEvent => {
        const linked = { ...event, prevHash };
        const hash = hashOf(linked, stream) ?? '';
        prevHash = hash;
        return { ...linked, hash };
      }),
    };
  });

/** Every member of every event's data. */
const places = body.streams.flatMap(({ events }, stream) =>
  events.flatMap(({ data }, event) => Object.keys(data).map((name) => ({ stream, event, name }))),
);

/** What an event may be told to hold that its form allows: another of what it holds, or any JSON. */
const values = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom(...body.streams.flatMap(({ events }) => events.flatMap(({ data }) => Object.values(data)))),
);

const changed = ({ stream, event, name }: (typeof places)[number], value: unknown): PassportBody => ({
  ...body,
  streams: relinked(
    body.streams.map((one, n) =>
      n === stream
        ? {
            ...one,
            events: one.events.map((each, at) =>
              at === event ? { ...each, data: { ...each.data, [name]: value } } : each,
            ),
          }
        : one,
    ),
  ),
});

test('whatever a network writes into its events and signs, a verdict on it is given and nothing throws', () =>
  fc.assert(
    fc.property(fc.constantFrom(...places), values, (place, value) => {
      const { checks } = verifyPassport(signPassport(changed(place, value), networkKey), trust);
      expect(checks.length).toBeGreaterThan(0);
    }),
    { numRuns: 120 },
  ));

test('in whatever order a network tells its events, a verdict on it is given and nothing throws', () =>
  fc.assert(
    fc.property(fc.shuffledSubarray([...(body.streams[1]?.events ?? [])], { minLength: 1 }), (events) => {
      const told = events.map((event, revision) => ({ ...event, revision }));
      const streams = relinked(body.streams.map((one, n) => (n === 1 ? { ...one, events: told } : one)));
      const { checks } = verifyPassport(signPassport({ ...body, streams }, networkKey), trust);
      expect(checks.some(({ code, outcome }) => code === 'stream-chain' && outcome === 'fail')).toBe(false);
    }),
    { numRuns: 60 },
  ));

test('the same passport is judged the same, however often', () => {
  const passport = signPassport(body, networkKey);
  expect(verifyPassport(passport, trust)).toEqual(verifyPassport(passport, trust));
});
