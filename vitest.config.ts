import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// Children and threads of specs read TypeScript from source: compiled once for all of them, by content.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, 'node_modules/.cache/hcc-compiled');

const conditions = ['hcc-source', 'node', 'import', 'module', 'default'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    // On two cores vitest would take one: half of these files wait for a QEMU, a NATS or a disk.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['apps/**/*.spec.ts', 'libs/**/*.spec.ts', 'test/**/*.spec.ts'],
          // No spec here changes what another sees, and to load every module for each of three hundred files costs more than they do.
          isolate: false,
          // Laws run hundreds of histories; on a busy machine of two cores that is seconds, and never a reason to fail.
          testTimeout: 60_000,
          exclude: [
            '**/*.int.spec.ts',
            '**/*.e2e.spec.ts',
            '**/*.slow.spec.ts',
            '**/*.crash.spec.ts',
            '**/*.images.spec.ts',
            '**/*.attacks.spec.ts',
            '**/node_modules/**',
            'dist/**',
          ],
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['{apps,libs,test}/**/*.int.spec.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.e2e.spec.ts'],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          fileParallelism: false,
          // After the others: a cluster wants the machine to itself.
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'slow',
          include: ['{apps,libs,test}/**/*.slow.spec.ts'],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'images',
          include: ['libs/**/*.images.spec.ts'],
          testTimeout: 600_000,
          hookTimeout: 3_600_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'attacks',
          include: ['test/guest/**/*.attacks.spec.ts'],
          testTimeout: 180_000,
          hookTimeout: 600_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'crash',
          include: ['test/crash/**/*.crash.spec.ts'],
          testTimeout: 900_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
