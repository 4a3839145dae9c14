import { z } from 'zod';
import { instant, isoTime, revision } from '#events';
import type { RebuildReport } from '../../projections/rebuild.ts';

export const rebuildAnswer = z
  .strictObject({
    rebuildId: z.string(),
    dryRun: z.boolean().describe('Built and compared with what is shown, and thrown away'),
    by: z.string(),
    state: z.enum(['reading', 'comparing', 'shown', 'compared', 'cancelled', 'failed']),
    code: z.enum(['disk-full', 'cannot-fold', 'log-outran-rebuild', 'rebuild-broke']).nullable(),
    detail: z.string().nullable().describe('Why it failed'),
    startedAt: instant,
    endedAt: instant.nullable(),
    position: z.string().nullable(),
    events: z.int(),
    eventsTotal: z.int().describe('What there was to do when it began, and what came since as far as it is read'),
    eventsPerSecond: z.int(),
    etaMs: z.int().nullable(),
    errors: z.int().describe('Events that could not be folded'),
    firstErrors: z.array(z.strictObject({ stream: z.string(), revision, eventType: z.string(), reason: z.string() })),
    differences: z
      .strictObject({
        rows: z.int(),
        different: z.int(),
        first: z.array(
          z.strictObject({ table: z.string(), key: z.string(), what: z.enum(['missing', 'extra', 'other']) }),
        ),
      })
      .nullable()
      .describe('What a dry run found wrong with the rows that are shown'),
  })
  .meta({ id: 'Rebuild' });

export const rebuildView = (report: RebuildReport): z.input<typeof rebuildAnswer> => ({
  ...report,
  startedAt: isoTime(report.startedAt),
  endedAt: report.endedAt === null ? null : isoTime(report.endedAt),
  firstErrors: report.firstErrors.map((error) => ({ ...error, revision: error.revision.toString() })),
  differences: report.differences === null ? null : { ...report.differences, first: [...report.differences.first] },
});
