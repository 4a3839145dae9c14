import { z } from 'zod';
import { createJsonSchemas, type JsonSchema, type JsonSchemas, version } from '#edge';
import { aggregates, categories, eventMeanings, instant, revision, sha256Hex, subjects } from '#events';
import { type Channel, channels } from './channels.ts';

/** The AsyncAPI 3 document of everything that travels on NATS. */
export const asyncApiDocument = (): JsonSchema => {
  const schemas = createJsonSchemas('#/components/schemas/');
  const all = [eventChannel(schemas), ...channels.map((channel) => channelOf(channel, schemas))];
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'HCC on NATS',
      version,
      description: 'The store is the record; NATS carries. Consumers survive loss, duplication and reordering.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    channels: Object.assign({}, ...all.map(({ channels: own }) => own)),
    operations: Object.assign({}, ...all.map(({ operations }) => operations)),
    components: { schemas: schemas.named() },
  };
};

type Part = { readonly channels: JsonSchema; readonly operations: JsonSchema };

const ref = (path: string): JsonSchema => ({ $ref: `#/${path}` });

const channelOf = ({ name, address, description, does, message, reply }: Channel, schemas: JsonSchemas): Part => ({
  channels: {
    [name]: {
      address,
      description,
      parameters: parametersOf(address),
      messages: { [name]: { payload: schemas.of(message) } },
    },
    ...(reply === undefined
      ? {}
      : { [`${name}Reply`]: { address: null, messages: { reply: { payload: schemas.of(reply) } } } }),
  },
  operations: {
    [name]: {
      action: does,
      channel: ref(`channels/${name}`),
      summary: description,
      ...(reply === undefined
        ? {}
        : {
            reply: {
              address: { location: '$message.header#/reply-to' },
              channel: ref(`channels/${name}Reply`),
            },
          }),
    },
  },
});

/** Around the fields of every event. */
const envelope = z
  .looseObject({
    eventId: z.uuid().lowercase(),
    stream: z.string(),
    revision,
    position: z.string(),
    recordedAt: instant,
    actor: z.string(),
    correlationId: z.string(),
    causationId: z.string(),
    traceparent: z.string().nullable(),
    prevHash: sha256Hex,
    hash: sha256Hex,
  })
  .meta({ id: 'Envelope' });

const cloudEvent = z
  .looseObject({
    'ce-specversion': z.literal('1.0'),
    'ce-id': z.string().describe('The eventId'),
    'ce-type': z.string().describe('hcc.<category>.<type>'),
    'ce-source': z.string(),
    'ce-subject': z.string().describe('The stream'),
    'ce-time': instant,
    traceparent: z.string().optional(),
  })
  .meta({ id: 'CloudEvent' });

const eventChannel = (schemas: JsonSchemas): Part => {
  const address = 'events.{category}.{id}.{type}';
  const messages = categories.flatMap((category) =>
    aggregates[category].codec.stored.map(({ type, version: written, schema }) => {
      const own = z.looseObject({ type: z.literal(type), version: z.literal(written), data: schema });
      const payload = { allOf: [schemas.of(envelope), schemas.of(own)] };
      return [type, { summary: eventMeanings[type][0], headers: schemas.of(cloudEvent), payload }] as const;
    }),
  );
  return {
    channels: {
      events: {
        address,
        description: `Every stored event, for consumers outside (${subjects.allEvents}); message id = eventId`,
        parameters: parametersOf(address),
        messages: Object.fromEntries(messages),
      },
    },
    operations: {
      events: { action: 'send', channel: ref('channels/events'), summary: 'What was recorded, after it was recorded' },
    },
  };
};

const parametersOf = (address: string): JsonSchema =>
  Object.fromEntries(
    [...address.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => [
      name,
      name === 'category' ? { enum: [...categories] } : { description: `The ${name}` },
    ]),
  );
