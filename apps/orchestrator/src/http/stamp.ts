import type { UnixMs } from '#domain';
import type { Correlation } from '#edge';
import { type Actor, type Clock, type CommandMeta, contentDigest, derivedUuid, type Ids } from '#events';
import { actorOf } from './auth/principal.ts';
import type { Caller } from './request.ts';

/** Who gives a command, when and why, ready to be recorded. */
export type Stamp = {
  now(): UnixMs;
  /** Of something new: the same id with the same body is the same command, so a repeat returns the first result. */
  creation(caller: Caller, kind: string, id: string, body: unknown): CommandMeta;
  /** Of a change: a command of its own, unless the caller names it by Idempotency-Key. */
  change(caller: Caller, kind: string, id: string): CommandMeta;
  /** Of somebody who has no API token. */
  as(actor: Actor, correlation: Correlation, kind: string, id: string, body: unknown): CommandMeta;
};

export const createStamp = ({ clock, ids }: { readonly clock: Clock; readonly ids: Ids }): Stamp => {
  const meta = (actor: Actor, { correlationId, traceparent }: Correlation, commandId: string): CommandMeta => ({
    commandId,
    actor,
    correlationId,
    causationId: commandId,
    traceparent,
  });
  // The key is bound to what was asked of what: the same key elsewhere must not collide with these events' ids.
  const keyed = (kind: string, id: string, key: string): string => derivedUuid('http', kind, id, key);
  return {
    now: () => clock.now(),
    creation: ({ principal, correlation, idempotencyKey }, kind, id, body) =>
      meta(actorOf(principal), correlation, keyed(kind, id, idempotencyKey ?? contentDigest(body))),
    change: ({ principal, correlation, idempotencyKey }, kind, id) =>
      meta(actorOf(principal), correlation, keyed(kind, id, idempotencyKey ?? ids.uuid())),
    as: (actor, correlation, kind, id, body) => meta(actor, correlation, keyed(kind, id, contentDigest(body))),
  };
};
