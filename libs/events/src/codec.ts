import { z } from 'zod';
import type { JsonObject, RecordedEvent } from './envelope.ts';
import type { EventSchemas } from './schemas/vm.ts';
import { createEventReader, type StrictReader, unsure } from './strict-reader.ts';

/** Between the events of one category as the domain knows them and as they are stored. */
export type Codec<Event extends { readonly type: string }> = {
  encode(event: Event): { readonly type: Event['type']; readonly version: number; readonly data: JsonObject };
  /** Throws {@link UnknownEvent} for a type, version or shape that this build does not know. */
  decode(recorded: Pick<RecordedEvent, 'type' | 'version' | 'data' | 'stream' | 'revision'>): Event;
  /** Every event type, at the version it is written in. */
  readonly stored: readonly StoredForm<Event['type']>[];
};

export type StoredForm<Name extends string = string> = {
  readonly type: Name;
  readonly version: number;
  readonly schema: z.ZodType;
};

/** Turns stored data of version `from` into version `from + 1`. Pure: history is read through it, never rewritten. */
export type Upcaster = { readonly type: string; readonly from: number; readonly up: (data: JsonObject) => JsonObject };

/** A stored event that this build cannot read. Whoever needs it stops there; nobody guesses. */
export class UnknownEvent extends Error {
  override readonly name = 'UnknownEvent';
  readonly fault: 'type' | 'version' | 'shape';

  constructor(fault: 'type' | 'version' | 'shape', detail: string) {
    super(detail);
    this.fault = fault;
  }
}

/** A codec from one schema per event type; the version written is one more than the newest upcaster of the type reads. */
export const createCodec = <Event extends { readonly type: string }>(
  schemas: EventSchemas<Event>,
  upcasters: readonly Upcaster[] = [],
): Codec<Event> => {
  const byType = new Map<string, Form>(
    Object.entries<z.ZodType>(schemas).map(([type, schema]) => {
      const versions = upcasters.filter((upcaster) => upcaster.type === type).map(({ from }) => from + 1);
      return [type, { schema, read: null, current: Math.max(1, ...versions) }];
    }),
  );

  return {
    stored: [...byType].map(([type, { schema, current }]) => ({ type, version: current, schema })),
    encode: (event) => {
      const form = byType.get(event.type);
      if (form === undefined) throw new Error(`BUG: event type ${event.type} has no schema`);
      const { type, ...fields } = event;
      return { type, version: form.current, data: z.encode(form.schema, fields) as JsonObject };
    },
    decode: (recorded) => {
      const { type, version } = recorded;
      const form = byType.get(type);
      if (form === undefined) {
        throw new UnknownEvent('type', `${placeOf(recorded)}: this build knows no such event type`);
      }
      const { schema, current } = form;
      if (version < 1 || version > current) {
        const reads = `this build reads versions 1 to ${current}; run a newer one`;
        throw new UnknownEvent('version', `${placeOf(recorded)}: ${reads}`);
      }
      const data = upcast(recorded, current, upcasters);
      form.read ??= createEventReader(type, schema);
      const event = form.read(data);
      // The schema was looked up by `type` and yields exactly that event's fields (EventSchemas).
      if (event !== unsure) return event as Event;
      return { type, ...(bySchema(schema, data, recorded) as object) } as unknown as Event;
    },
  };
};

/** A type as it is stored now, and how it is read: a reader is made for what is read, and most programs read little. */
type Form = { readonly schema: z.ZodType; read: StrictReader | null; readonly current: number };

type Place = Pick<RecordedEvent, 'type' | 'version' | 'stream' | 'revision'>;

const placeOf = ({ type, version, stream, revision }: Place): string =>
  `${type} version ${version} at ${stream}@${revision}`;

const bySchema = (schema: z.ZodType, data: JsonObject, recorded: Place): unknown => {
  const parsed = z.safeDecode(schema, data);
  if (!parsed.success) throw new UnknownEvent('shape', `${placeOf(recorded)}: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
};

const upcast = (
  recorded: Pick<RecordedEvent, 'type' | 'version' | 'data'>,
  current: number,
  upcasters: readonly Upcaster[],
): JsonObject => {
  let { data } = recorded;
  for (let from = recorded.version; from < current; from += 1) {
    const upcaster = upcasters.find((candidate) => candidate.type === recorded.type && candidate.from === from);
    if (upcaster === undefined) throw new Error(`BUG: no upcaster of ${recorded.type} from version ${from}`);
    data = upcaster.up(data);
  }
  return data;
};
