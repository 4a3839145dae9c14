import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { credits, type HoldId, type VmId } from '#domain';
import { aggregates } from './aggregates.ts';
import { createCodec, UnknownEvent, type Upcaster } from './codec.ts';
import type { JsonObject } from './envelope.ts';
import { streamName } from './names.ts';

type Painted = { readonly type: 'WallPainted'; readonly colour: string; readonly coats: number };
const schemas = { WallPainted: z.strictObject({ colour: z.string(), coats: z.int() }) };
const upcasters: readonly Upcaster[] = [
  { type: 'WallPainted', from: 1, up: ({ color, ...rest }) => ({ ...rest, colour: color ?? '' }) },
  { type: 'WallPainted', from: 2, up: (data) => ({ ...data, coats: 1 }) },
];
const codec = createCodec<Painted>(schemas, upcasters);
const stored = (type: string, version: number, data: JsonObject) => ({
  ...{ type, version, data },
  ...{ stream: streamName('vm', 'a'), revision: 3n },
});
const faultOf = (decode: () => unknown): UnknownEvent => {
  try {
    decode();
  } catch (error) {
    if (error instanceof UnknownEvent) return error;
  }
  return expect.fail('it was decoded');
};

describe('a codec', () => {
  test('given an event, then what is stored carries the newest version and reads back as it was', () => {
    const event: Painted = { type: 'WallPainted', colour: 'red', coats: 2 };
    const { type, version, data } = codec.encode(event);
    expect({ type, version, data }).toEqual({ type: 'WallPainted', version: 3, data: { colour: 'red', coats: 2 } });
    expect(codec.decode(stored(type, version, data))).toEqual(event);
  });

  test.each([
    [1, { color: 'red' }],
    [2, { colour: 'red' }],
    [3, { colour: 'red', coats: 1 }],
  ])('given version %i as it was once stored, then it is read through every upcaster after it', (version, data) => {
    expect(codec.decode(stored('WallPainted', version, data))).toEqual({
      type: 'WallPainted',
      colour: 'red',
      coats: 1,
    });
  });

  test.each([
    ['type', stored('WallMoved', 1, {}), /WallMoved version 1 at vm-a@3: this build knows no such event type/],
    ['version', stored('WallPainted', 4, {}), /WallPainted version 4 at vm-a@3: this build reads versions 1 to 3/],
    ['version', stored('WallPainted', 0, {}), /this build reads versions 1 to 3/],
    ['shape', stored('WallPainted', 3, { colour: 7, coats: 1 }), /WallPainted version 3 at vm-a@3.*colour/s],
    ['shape', stored('WallPainted', 3, { colour: 'red', coats: 1, extra: true }), /extra/],
  ] as const)(
    'given an unknown %s, then it says which event, where, and what this build reads',
    (fault, event, sentence) => {
      const error = faultOf(() => codec.decode(event));
      expect(error.fault).toBe(fault);
      expect(error.message).toMatch(sentence);
    },
  );

  test('given a name every object has, then it is an unknown type and no accident', () => {
    expect(faultOf(() => codec.decode(stored('constructor', 1, {}))).fault).toBe('type');
  });

  test('given a gap between upcasters, then it says so as a bug', () => {
    const gapped = createCodec<Painted>(schemas, upcasters.slice(1));
    expect(() => gapped.decode(stored('WallPainted', 1, {}))).toThrow(/BUG: no upcaster of WallPainted from version 1/);
  });

  test('given money and instants, then they are stored as text and read as numbers', () => {
    const held = {
      type: 'CreditsHeld',
      holdId: '00000000-0000-4000-8000-000000000001' as HoldId,
      vmId: '00000000-0000-4000-8000-000000000002' as VmId,
      amount: credits(12n),
    } as const;
    const { data, version } = aggregates.account.codec.encode(held);
    expect(data.amount).toBe('12000000');
    expect(aggregates.account.codec.decode(stored('CreditsHeld', version, data))).toEqual(held);
  });
});
