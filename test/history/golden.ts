import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import canonicalize from 'canonicalize';
import { aggregates, type JsonObject, type StoredForm, streamName } from '#events';
import { samplesOf } from './samples.ts';

/** What the goldens need of a codec, whatever its events are. */
export type AnyCodec = {
  readonly stored: readonly StoredForm[];
  readonly decode: (
    recorded: Stored & { readonly stream: ReturnType<typeof streamName>; readonly revision: bigint },
  ) => {
    readonly type: string;
  };
  readonly encodeAgain: (stored: Stored) => Stored;
};
export type Stored = { readonly type: string; readonly version: number; readonly data: JsonObject };
export type Codecs = ReadonlyMap<string, AnyCodec>;

type Decoding<Event> = {
  readonly stored: readonly StoredForm[];
  encode(event: Event): Stored;
  decode(recorded: Stored & { readonly stream: ReturnType<typeof streamName>; readonly revision: bigint }): Event;
};

/** A codec with its kind of event hidden. */
export const anyCodec = <Event extends { readonly type: string }>(codec: Decoding<Event>): AnyCodec => ({
  stored: codec.stored,
  decode: codec.decode,
  encodeAgain: (stored) => codec.encode(codec.decode({ ...stored, ...somewhere })),
});

const somewhere = { stream: streamName('vm', 'golden'), revision: 0n };

/** Every category this build writes, by the codec it reads and writes it with. */
export const allCodecs: Codecs = new Map<string, AnyCodec>([
  ['vm', anyCodec(aggregates.vm.codec)],
  ['account', anyCodec(aggregates.account.codec)],
  ['miner', anyCodec(aggregates.miner.codec)],
  ['image', anyCodec(aggregates.image.codec)],
  ['flavor', anyCodec(aggregates.flavor.codec)],
  ['appraisal', anyCodec(aggregates.appraisal.codec)],
  ['device', anyCodec(aggregates.device.codec)],
  ['policy', anyCodec(aggregates.policy.codec)],
  ['network', anyCodec(aggregates.network.codec)],
  ['parked', anyCodec(aggregates.parked.codec)],
]);

/** One event type at one version as it was stored once, for ever; or as what a later build read it. */
export type Golden = {
  readonly category: string;
  readonly type: string;
  readonly version: number;
  /** The version that these samples are in when an older one is read; absent in what was stored. */
  readonly readAs?: number;
  readonly samples: readonly JsonObject[];
  /** SHA-256 over RFC 8785 of the rest: a file that was touched says so itself. */
  readonly sha256: string;
};

export const goldenName = ({ type, version, readAs }: Pick<Golden, 'type' | 'version' | 'readAs'>): string =>
  `${type}.v${version}${readAs === undefined ? '' : `.read-as-v${readAs}`}.json`;

export const sealOf = (golden: Omit<Golden, 'sha256'>): string =>
  createHash('sha256')
    .update(canonicalize(golden) ?? '')
    .digest('hex');

/** Every golden of a folder, with its file. Throws for one whose content is not what it was sealed with. */
export const readGoldens = (dir: string): readonly Golden[] =>
  readdirSync(dir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name: category }) =>
      readdirSync(join(dir, category)).map((name) => {
        const { sha256, ...golden }: Golden = JSON.parse(readFileSync(join(dir, category, name), 'utf8'));
        if (sealOf(golden) !== sha256 || golden.category !== category || goldenName(golden) !== name) {
          throw new Error(`${category}/${name} was changed: history never is. Restore it; a new form is a new version`);
        }
        return { ...golden, sha256 };
      }),
    );

/** The files a folder lacks: every type at the version it is written in, and how each older one is read now. */
export const missingGoldens = (dir: string, codecs: Codecs): readonly Omit<Golden, 'sha256'>[] => {
  mkdirSync(dir, { recursive: true });
  const there = readGoldens(dir);
  const has = (wanted: Omit<Golden, 'sha256' | 'samples'>): boolean =>
    there.some((golden) => golden.category === wanted.category && goldenName(golden) === goldenName(wanted));
  return [...codecs].flatMap(([category, codec]) =>
    codec.stored.flatMap(({ type, version, schema }) => {
      const older = there.filter((it) => it.category === category && it.type === type && it.readAs === undefined);
      const read = older
        .filter((golden) => golden.version < version && !has({ ...golden, readAs: version }))
        .map((golden) => ({ ...bare(golden), readAs: version, samples: readNow(codec, golden) }));
      const current = { category, type, version };
      return has(current) ? read : [...read, { ...current, samples: samplesOf(type, schema) }];
    }),
  );
};

/** What an old golden reads as in this build, in the form this build would store it. */
export const readNow = (codec: AnyCodec, { type, version, samples }: Golden): readonly JsonObject[] =>
  samples.map((data) => codec.encodeAgain({ type, version, data }).data);

/** Writes what is missing and nothing else; the names of the new files. */
export const addGoldens = (dir: string, codecs: Codecs): readonly string[] =>
  missingGoldens(dir, codecs).map((golden) => {
    const name = join(golden.category, goldenName(golden));
    mkdirSync(join(dir, golden.category), { recursive: true });
    const text = `${JSON.stringify({ ...golden, sha256: sealOf(golden) }, null, 2)}\n`;
    // Never over a file that is there.
    writeFileSync(join(dir, name), text, { flag: 'wx' });
    return name;
  });

const bare = ({ category, type, version }: Golden) => ({ category, type, version });

/** Where the goldens of this build lie. */
export const goldenDir = (root: string): string => join(root, 'test', 'history', 'golden');
