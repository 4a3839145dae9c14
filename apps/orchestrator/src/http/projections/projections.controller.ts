import { Controller, Inject, Res } from '@nestjs/common';
import { z } from 'zod';
import { DoorProblem } from '#edge';
import { categories } from '#events';
import type { Rebuilds } from '../../projections/rebuilds.ts';
import { REBUILDS } from '../../tokens.ts';
import { actorOf } from '../auth/principal.ts';
import { type Caller, From, type HttpReply } from '../request.ts';
import { Answers, Asked, type AskedOf, json, route } from '../route.ts';
import { rebuildAnswer, rebuildView } from '../views/rebuild.view.ts';

const overview = z
  .strictObject({
    file: z.string(),
    version: z.int(),
    position: z.string().nullable().describe('How far the rows go'),
    projections: z.array(z.strictObject({ name: z.string(), category: z.enum(categories).nullable(), rows: z.int() })),
  })
  .meta({ id: 'ReadModel' });

const listProjections = route({
  method: 'GET',
  path: '/v1/projections',
  summary: 'The read model of this server: its projections and how far they go',
  roles: ['operator', 'viewer'],
  answer: json(overview),
  refusals: [],
});

const startRebuild = route({
  method: 'POST',
  path: '/v1/projections/rebuild',
  summary: 'Build the read model of this server anew beside the one that is shown; answers at once',
  roles: ['operator'],
  body: z.strictObject({ dryRun: z.boolean().default(false) }),
  answer: json(rebuildAnswer, [202]),
  refusals: ['rebuild-running'],
});

const showRebuild = route({
  method: 'GET',
  path: '/v1/projections/rebuild',
  summary: 'The rebuild that runs, or how the last one of this server ended',
  roles: ['operator', 'viewer'],
  answer: json(rebuildAnswer),
  refusals: ['not-found'],
});

const cancelRebuild = route({
  method: 'DELETE',
  path: '/v1/projections/rebuild',
  summary: 'End the rebuild that runs; what is shown stays as it is',
  roles: ['operator'],
  answer: json(rebuildAnswer),
  refusals: ['no-rebuild-running'],
});

/** Rebuilds of the disposable rows. They change nothing that the network acts on, so they are logged and no events. */
@Controller()
export class ProjectionsController {
  constructor(@Inject(REBUILDS) private readonly rebuilds: Rebuilds) {}

  @Answers(listProjections)
  list() {
    return this.rebuilds.overview();
  }

  @Answers(startRebuild)
  start(
    @From() caller: Caller,
    @Asked(startRebuild) { body }: AskedOf<typeof startRebuild>,
    @Res({ passthrough: true }) reply: HttpReply,
  ) {
    const begun = this.rebuilds.start({ dryRun: body.dryRun, by: actorOf(caller.principal) });
    reply.status(202).header('location', '/v1/projections/rebuild');
    return rebuildView(begun);
  }

  @Answers(showRebuild)
  show() {
    const latest = this.rebuilds.latest();
    if (latest !== null) return rebuildView(latest);
    throw new DoorProblem(
      'not-found',
      'no rebuild was asked for since this server started; `hcc projection rebuild` does',
    );
  }

  @Answers(cancelRebuild)
  async cancel() {
    return rebuildView(await this.rebuilds.cancel());
  }
}
