import { Controller, Inject, Res } from '@nestjs/common';
import { z } from 'zod';
import type { Readiness } from '../../lifecycle/readiness.ts';
import { READINESS } from '../../tokens.ts';
import type { HttpReply } from '../request.ts';
import { Answers, json, route } from '../route.ts';

const healthz = route({
  method: 'GET',
  path: '/healthz',
  summary: 'The process is up and answers',
  roles: 'open',
  answer: json(z.strictObject({ status: z.literal('ok') })),
  refusals: [],
});

const part = z.strictObject({ name: z.string(), ready: z.boolean(), detail: z.string().nullable() });

const readyz = route({
  method: 'GET',
  path: '/readyz',
  summary: 'Whether it is any use to send work here, part by part; 503 while it is not',
  roles: 'open',
  answer: json(z.strictObject({ ready: z.boolean(), parts: z.array(part), parked: z.int() }), [200, 503]),
  refusals: [],
});

@Controller()
export class HealthController {
  constructor(@Inject(READINESS) private readonly readiness: Readiness) {}

  @Answers(healthz)
  healthz() {
    return { status: 'ok' };
  }

  @Answers(readyz)
  async readyz(@Res({ passthrough: true }) reply: HttpReply) {
    const report = await this.readiness.report();
    if (!report.ready) reply.status(503).header('retry-after', '1');
    return report;
  }
}
