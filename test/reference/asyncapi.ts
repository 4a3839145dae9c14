import { z } from 'zod';
import { createJsonSchemas, type JsonSchema, type JsonSchemas, version } from '#edge';
import {
  aggregates,
  askAnswer,
  categories,
  consoleCall,
  desiredSpec,
  eventMeanings,
  hostReport,
  instant,
  revision,
  sha256Hex,
  subjects,
  vmReport,
} from '#events';

type Channel = {
  readonly name: string;
  /** A subject as `subjects` makes it, with `{...}` where the ids go. */
  readonly address: string;
  readonly description: string;
  /** What the orchestrator does there. */
  readonly does: 'send' | 'receive';
  readonly message: z.ZodType;
  readonly reply?: z.ZodType;
};

const minerId = '{minerId}';
const vmId = '{vmId}';
const empty = z.literal('').describe('No bytes');

/** Every subject beside those of events. They are made by the code's own functions, so a renamed subject renames them here. */
const channels: readonly Channel[] = [
  {
    name: 'work',
    address: subjects.work(minerId, vmId),
    description: 'The whole desired spec of one VM; the last message per subject counts, its absence means nothing',
    does: 'send',
    message: desiredSpec,
  },
  {
    name: 'spec',
    address: subjects.spec(minerId),
    description: "Where the server pushes a miner's work to it, from the stream WORK",
    does: 'send',
    message: desiredSpec,
  },
  {
    name: 'report',
    address: subjects.report(minerId, vmId),
    description: "A miner's whole observation of one VM, sent on change and now and then again",
    does: 'receive',
    message: vmReport,
  },
  {
    name: 'host',
    address: subjects.host(minerId),
    description: "A miner's facts and capacity",
    does: 'receive',
    message: hostReport,
  },
  {
    name: 'beat',
    address: subjects.beat(minerId),
    description: 'The miner says that it is there; telemetry, never stored',
    does: 'receive',
    message: empty,
  },
  {
    name: 'askSync',
    address: subjects.ask(minerId, 'sync'),
    description: 'A miner asks for all its specs anew',
    does: 'receive',
    message: empty,
    reply: askAnswer,
  },
  {
    name: 'askRenew',
    address: subjects.ask(minerId, 'renew'),
    description: 'A miner asks for new credentials; the text of the answer holds them',
    does: 'receive',
    message: empty,
    reply: askAnswer,
  },
  {
    name: 'callConsole',
    address: subjects.call(minerId, 'console'),
    description: "A miner is asked for the last bytes of a VM's serial log",
    does: 'send',
    message: consoleCall,
    reply: askAnswer,
  },
];

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

const envelope = {
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
};

const cloudEvent = z.object({
  'ce-specversion': z.literal('1.0'),
  'ce-id': z.string().describe('The eventId'),
  'ce-type': z.string().describe('hcc.<category>.<type>'),
  'ce-source': z.string(),
  'ce-subject': z.string().describe('The stream'),
  'ce-time': instant,
  traceparent: z.string().optional(),
});

const eventChannel = (schemas: JsonSchemas): Part => {
  const address = 'events.{category}.{id}.{type}';
  const messages = categories.flatMap((category) =>
    aggregates[category].codec.stored.map(({ type, version: written, schema }) => {
      const payload = z.strictObject({ ...envelope, type: z.literal(type), version: z.literal(written), data: schema });
      const summary = eventMeanings[type][0];
      return [type, { summary, headers: schemas.of(cloudEvent), payload: schemas.of(payload) }] as const;
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
