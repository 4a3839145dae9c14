import { Controller, Inject } from '@nestjs/common';
import { z } from 'zod';
import { DoorProblem } from '#edge';
import { PAST } from '../../tokens.ts';
import type { Past } from '../past.ts';
import { Answers, Asked, type AskedOf, everyone, json, route } from '../route.ts';
import { at, momentRefusals } from '../schemas/moments.ts';

const positionAt = route({
  method: 'GET',
  path: '/v1/positions',
  summary: 'Where the log stood at a time: the last position before the first event recorded later',
  roles: everyone,
  query: z.strictObject({ at }),
  answer: json(
    z.strictObject({ at: z.string(), position: z.string().nullable().describe('null before the first event') }),
  ),
  refusals: momentRefusals.filter((code) => code !== 'at-before-beginning'),
});

@Controller()
export class PositionsController {
  constructor(@Inject(PAST) private readonly past: Past) {}

  /** Before the beginning is a place to read from, so it is answered here and not refused. */
  @Answers(positionAt)
  async show(@Asked(positionAt) { query }: AskedOf<typeof positionAt>) {
    try {
      return await this.past.at(query.at);
    } catch (error) {
      if (!(error instanceof DoorProblem) || error.code !== 'at-before-beginning') throw error;
      return { at: query.at, position: null };
    }
  }
}
