import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { categories, createCodec, type Upcaster } from '#events';
import {
  addGoldens,
  allCodecs,
  anyCodec,
  type Codecs,
  goldenDir,
  missingGoldens,
  readGoldens,
  readNow,
} from './golden.ts';

const dir = goldenDir(process.cwd());
const goldens = readGoldens(dir);

describe('every event version ever stored', () => {
  test('has its golden file; `npm run goldens` adds the one that is missing', () => {
    expect([...allCodecs.keys()].sort()).toEqual([...categories].sort());
    expect(
      missingGoldens(dir, allCodecs).map(({ category, type, version }) => `${category}/${type}.v${version}`),
    ).toEqual([]);
    for (const [category, { stored }] of allCodecs) {
      for (const { type, version } of stored) {
        const kept = goldens.filter((it) => it.category === category && it.type === type && it.readAs === undefined);
        const versions = kept.map((golden) => golden.version).sort((a, b) => a - b);
        expect([type, versions]).toEqual([type, Array.from({ length: version }, (_, n) => n + 1)]);
      }
    }
  });

  test.each(
    goldens
      .filter(({ readAs }) => readAs === undefined)
      .map((golden) => [golden.type, golden.version, golden] as const),
  )('%s version %i reads as it was recorded to read', (type, _version, golden) => {
    const codec = allCodecs.get(golden.category);
    if (codec === undefined) return expect.fail(`no codec reads ${golden.category}, and ${type} was stored there`);
    const current = codec.stored.find((form) => form.type === type)?.version;
    const recorded = goldens.find((it) => it.type === type && it.version === golden.version && it.readAs === current);
    expect(readNow(codec, golden)).toEqual(golden.version === current ? golden.samples : recorded?.samples);
  });
});

type Painted = { readonly type: 'WallPainted'; readonly colour: string; readonly coats: number };
const first = createCodec<{ readonly type: 'WallPainted'; readonly color: string }>({
  WallPainted: z.strictObject({ color: z.string() }),
});
const upcasters: readonly Upcaster[] = [
  { type: 'WallPainted', from: 1, up: ({ color, ...rest }) => ({ ...rest, colour: color ?? '', coats: 1 }) },
];
const second = createCodec<Painted>({ WallPainted: z.strictObject({ colour: z.string(), coats: z.int() }) }, upcasters);
const only = (codec: typeof first | typeof second): Codecs =>
  new Map([['vm', codec === first ? anyCodec(first) : anyCodec(second)]]);

const freshDir = (): string => {
  const fresh = mkdtempSync(join(tmpdir(), 'hcc-gold-'));
  onTestFinished(() => rmSync(fresh, { recursive: true, force: true }));
  return fresh;
};

describe('the goldens as formats change', () => {
  test('given a type that is new, then one file is added, once', () => {
    const fresh = freshDir();
    expect(addGoldens(fresh, only(first))).toEqual(['vm/WallPainted.v1.json']);
    expect(addGoldens(fresh, only(first))).toEqual([]);
  });

  test('given a version that is new, then its file is added and what the old one reads as now; the old one stays byte for byte', () => {
    const fresh = freshDir();
    addGoldens(fresh, only(first));
    const before = readFileSync(join(fresh, 'vm/WallPainted.v1.json'), 'utf8');
    expect(addGoldens(fresh, only(second))).toEqual(['vm/WallPainted.v1.read-as-v2.json', 'vm/WallPainted.v2.json']);
    expect(readFileSync(join(fresh, 'vm/WallPainted.v1.json'), 'utf8')).toBe(before);
    const read = readGoldens(fresh).find(({ readAs }) => readAs === 2);
    expect(read?.samples).toContainEqual({ colour: 'some text', coats: 1 });
  });

  test('given a file that somebody touched, then it is named', () => {
    const fresh = freshDir();
    addGoldens(fresh, only(first));
    const file = join(fresh, 'vm/WallPainted.v1.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace('some text', 'other text'));
    expect(() => readGoldens(fresh)).toThrow(/vm\/WallPainted\.v1\.json was changed: history never is/);
  });

  test('given a leaf that no sample fits, then the place and the fix are named', () => {
    const odd = createCodec<{ readonly type: 'OddHappened'; readonly odd: string }>({
      OddHappened: z.strictObject({ odd: z.string().regex(/^[0-9]{3}-odd$/) }),
    });
    expect(() => addGoldens(freshDir(), new Map([['vm', anyCodec(odd)]]))).toThrow(
      /OddHappened\.odd: no sample fits its schema; add one to the candidates/,
    );
  });
});
