import { Controller, Get, Inject, Res } from '@nestjs/common';
import type { Readiness } from '../../lifecycle/readiness.ts';
import { READINESS } from '../../tokens.ts';
import { Open } from '../auth/auth.guard.ts';
import type { HttpReply } from '../request.ts';

@Controller()
export class HealthController {
  constructor(@Inject(READINESS) private readonly readiness: Readiness) {}

  /** The process is up and answers. */
  @Open()
  @Get('healthz')
  healthz() {
    return { status: 'ok' };
  }

  /** Whether it is any use to send work here, part by part. */
  @Open()
  @Get('readyz')
  async readyz(@Res({ passthrough: true }) reply: HttpReply) {
    const report = await this.readiness.report();
    if (!report.ready) reply.status(503).header('retry-after', '1');
    return report;
  }
}
