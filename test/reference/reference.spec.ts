import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { schemasWithoutId } from '@asyncapi/specs';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { subjects } from '#events';
import { systemCli } from '../../apps/cli/src/cli.ts';
import { doersOf } from '../../apps/cli/src/conventions/tree.ts';
import { heavyNouns } from '../../apps/cli/src/heavy-nouns.ts';
import { buildProgram } from '../../apps/cli/src/program.ts';
import { asyncApiDocument } from './asyncapi.ts';
import { channels } from './channels.ts';
import { helpAfter, nameOf } from './cli-page.ts';
import { referenceFiles } from './files.ts';

const kept = (name: string): string => {
  try {
    return readFileSync(join(process.cwd(), 'docs', 'reference', name), 'utf8');
  } catch {
    return '';
  }
};

describe('docs/reference', () => {
  const files = referenceFiles();
  test.each([...files.keys()])('%s is what the code says', (name) => {
    expect(kept(name) === files.get(name), `docs/reference/${name} is stale; run: npm run reference`).toBe(true);
  });

  test('openapi.json is valid OpenAPI 3.1', async () => {
    const found = await new Validator().validate(JSON.parse(files.get('openapi.json') ?? ''));
    expect(found).toMatchObject({ valid: true });
  });

  test('asyncapi.json is valid AsyncAPI 3', () => {
    const validate = new Ajv({ strict: false, validateFormats: false }).compile(
      z.looseObject({}).parse(schemasWithoutId['3.0.0']),
    );
    const document = JSON.parse(files.get('asyncapi.json') ?? '');
    expect(validate(document), JSON.stringify(validate.errors)).toBe(true);
    expect(validate({ ...document, channels: { work: { address: 7 } } })).toBe(false);
  });

  test('asyncapi.json names every kind of subject there is', () => {
    const named = new Set(['events', ...channels.map(({ address }) => address.split('.')[0])]);
    // `store.appended` wakes processes of one machine and carries nothing.
    const texts = JSON.stringify(Object.values(subjects).filter((subject) => typeof subject === 'string'));
    for (const [, kind] of texts.matchAll(/"([a-z]+)\./g)) if (kind !== 'store') expect(named).toContain(kind);
  });

  test('asyncapi.json refers only to what is there', () => {
    const document = asyncApiDocument();
    const text = JSON.stringify(document);
    for (const [, path = ''] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
      const found = path.split('/').reduce<unknown>((node, key) => (node as Record<string, unknown>)?.[key], document);
      expect(found, path).toBeDefined();
    }
  });
});

test.each(doersOf(buildProgram(systemCli(), heavyNouns)).map((command) => [nameOf(command), command] as const))(
  '%s --help has an example',
  (name, command) => {
    expect(helpAfter(command)).toMatch(new RegExp(`Examples:\\n(?:  \\$ .*\\n)*  \\$ .*${name.split(' ')[0]}`));
  },
);

test('no default is shown as a program keeps it: a size in bytes, or JSON', () => {
  const shown = doersOf(buildProgram(systemCli(), heavyNouns)).flatMap((command) =>
    command.options.flatMap((option) => {
      const text = option.defaultValueDescription ?? JSON.stringify(option.defaultValue) ?? '';
      return /\d{8}|[{[]/.test(text) ? [`${nameOf(command)} ${option.flags}: ${text}`] : [];
    }),
  );
  expect(shown).toEqual([]);
});
