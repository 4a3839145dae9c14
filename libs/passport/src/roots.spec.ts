import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { amdRoots, certificatesOf } from '#attestation';
import { certificateChecks, rootsFor } from './roots.ts';
import { foundedAs } from './story.fixture.ts';

const dir = join(process.env.HCC_SHARED ?? join('..', 'shared'), 'vectors', 'snp');
const manifest = z.looseObject({
  cases: z.array(
    z.looseObject({
      origin: z.string(),
      vek: z.string().optional(),
      chain: z.string().optional(),
      expect: z.looseObject({ vek_chain: z.unknown().optional() }).optional(),
    }),
  ),
});

/** Each good certificate of a real chip that was captured, with AMD's chain. */
const real = existsSync(dir)
  ? manifest
      .parse(JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8')))
      .cases.flatMap(({ origin, vek, chain, expect: said }) =>
        origin === 'real' && said?.vek_chain === true && vek !== undefined && chain !== undefined
          ? [[vek, chain] as const]
          : [],
      )
  : [];
const { type: _, ...production } = foundedAs('production');
const { type: __, ...simulated } = foundedAs('simulated');
const certificates = ([vek, chain]: readonly [string, string]) => {
  const [certificate = new Uint8Array()] = certificatesOf(readFileSync(join(dir, vek)));
  return { vek: certificate, chain: certificatesOf(readFileSync(join(dir, chain))) };
};

describe('certificates of real chips', () => {
  test.skipIf(real.length === 0)(`${dir}: lead to AMD's pinned root on a production network, and say so`, () => {
    for (const one of real) {
      const [led] = certificateChecks(certificates(one), rootsFor(production, amdRoots), []);
      expect(led, one[0]).toMatchObject({
        ...{
          code: 'certificate',
          outcome: 'pass',
          restsOn: 'processor',
          detail: expect.stringMatching(/^leads to AMD ARK-/),
        },
      });
    }
  });

  test.skipIf(real.length === 0)(`${dir}: lead nowhere on a simulated network, and nowhere without AMD's root`, () => {
    for (const one of real) {
      for (const rootsOf of [rootsFor(simulated, amdRoots), rootsFor(production, [])]) {
        const [led] = certificateChecks(certificates(one), rootsOf, []);
        expect(led, one[0]).toMatchObject({ code: 'certificate', outcome: 'fail' });
      }
    }
  });
});
