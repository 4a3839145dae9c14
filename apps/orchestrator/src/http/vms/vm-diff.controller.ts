import { Controller, Inject } from '@nestjs/common';
import { z } from 'zod';
import { DoorProblem } from '#edge';
import { type EventStore, instant, revision, vmId } from '#events';
import { type VmRow, vms } from '../../projections/vms.projection.ts';
import { PAST, STORE } from '../../tokens.ts';
import { maySee } from '../auth/principal.ts';
import { diffEventsMax } from '../limits.ts';
import { type Moment, notThen, type Past, staleThen } from '../past.ts';
import { type Caller, From } from '../request.ts';
import { Answers, Asked, type AskedOf, everyone, json, route } from '../route.ts';
import { at, momentRefusals } from '../schemas/moments.ts';
import { vmPath } from '../schemas/vms.ts';
import { staleAnswer } from '../views/stale.view.ts';
import { vmView } from '../views/vm.view.ts';
import { changesBetween, changesOf, type Step } from './vm-diff.ts';

const moment = z.strictObject({ at: z.string(), position: z.string() });
const field = { path: z.string(), from: z.unknown(), to: z.unknown() };

const diffAnswer = z
  .strictObject({
    vmId,
    from: moment,
    to: moment,
    changes: z
      .array(z.strictObject({ ...field, by: z.array(z.string()).describe('Ids of the events that changed it') }))
      .describe('What is other at the end than at the beginning'),
    events: z.array(
      z.strictObject({
        eventId: z.string(),
        type: z.string(),
        revision,
        position: z.string(),
        recordedAt: instant,
        actor: z.string(),
        causationId: z.string(),
        changes: z.array(z.strictObject(field)),
      }),
    ),
    eventsLeftOut: z.int().describe('Events after the last one listed; they count in the changes'),
    stale: staleAnswer.nullable().describe('The difference is up to that event only'),
  })
  .meta({ id: 'VmDiff' });

const diffVm = route({
  method: 'GET',
  path: '/v1/vms/:vmId/diff',
  summary: 'What changed of a VM between two moments, and which of its events did it',
  roles: everyone,
  params: vmPath,
  query: z.strictObject({ from: at, to: at.optional() }),
  answer: json(diffAnswer),
  refusals: ['vm-not-found', 'from-after-to', ...momentRefusals],
});

@Controller()
export class VmDiffController {
  constructor(
    @Inject(STORE) private readonly store: EventStore,
    @Inject(PAST) private readonly past: Past,
  ) {}

  @Answers(diffVm)
  async diff(@From() caller: Caller, @Asked(diffVm) { params, query }: AskedOf<typeof diffVm>) {
    const [from, to] = [await this.past.at(query.from), await this.toOf(query.to)];
    const isAfter = this.store.comparePositions(from.position, to.position) > 0;
    // Two times may be one place in the log: swapped they are still no span, and not one in which nothing happened.
    if (isAfter || (isTime(from) && isTime(to) && from.at > to.at)) throw fromAfterTo(from, to);
    const steps: Step[] = [];
    let before: unknown = null;
    let view: unknown = null;
    const found = await this.past.row(vms, params.vmId, to, (row, event) => {
      const next = ownView(row);
      if (this.store.comparePositions(event.position, from.position) <= 0) before = next;
      else steps.push({ event, changes: changesBetween(view, next) });
      view = next;
    });
    if (found === null || !maySee(caller.principal, found.row.vm.accountId)) {
      throw notThen('vm-not-found', `VM ${params.vmId}`, to);
    }
    // Nothing of what is asked about can be read: "nothing happened" would not be true.
    const { unread } = found;
    if (unread !== null && this.store.comparePositions(unread.event.position, from.position) <= 0) throw unread.error;
    return {
      ...{ vmId: params.vmId, from, to, changes: changesOf(before, view, steps) },
      events: steps.slice(0, diffEventsMax).map(stepView),
      eventsLeftOut: Math.max(0, steps.length - diffEventsMax),
      stale: staleThen(found),
    };
  }

  private toOf(text: string | undefined): Promise<Moment> {
    return text === undefined ? this.past.now() : this.past.at(text);
  }
}

/** What the VM's own events say of it. What its view takes from its image and miner changes without them. */
const ownView = (row: VmRow): unknown => {
  const {
    sshUser: _,
    platform: __,
    revision: ___,
    ...own
  } = vmView(row, { manifest: null, platform: null, stale: null });
  return own;
};

const stepView = ({ event, changes }: Step) => ({
  eventId: event.eventId,
  type: event.type,
  revision: event.revision.toString(),
  position: event.position,
  recordedAt: event.recordedAt,
  actor: event.actor,
  causationId: event.causationId,
  changes,
});

/** Whether it was asked for by a time, which is then in UTC with milliseconds. */
const isTime = ({ at }: Moment): boolean => /^\d{4}-\d{2}-\d{2}T/.test(at);

const fromAfterTo = (from: Moment, to: Moment): DoorProblem =>
  new DoorProblem(
    'from-after-to',
    `"from" (${from.at}, position ${from.position}) is after "to" (${to.at}, position ${to.position}); swap them`,
    {
      observed: from.at,
      wanted: `at most ${to.at}`,
    },
  );
