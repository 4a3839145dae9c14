import { describe, onTestFinished } from 'vitest';
import type { EventStore } from '#events';
import { describeAppends } from './event-store-appends.ts';
import { describeCrowds } from './event-store-crowds.ts';
import { describeInstants } from './event-store-instants.ts';
import { describeLifetime } from './event-store-lifetime.ts';
import { describePayloads } from './event-store-payloads.ts';
import { describeReads } from './event-store-reads.ts';
import { describeResume } from './event-store-resume.ts';
import { describeSubscriptions } from './event-store-subscriptions.ts';

/** A store made for one test. `reopen` closes it and opens what it left; a store that leaves nothing has none. */
export type OpenedStore = { readonly store: EventStore; readonly reopen?: () => Promise<EventStore> };

/** Makes empty stores, each with its own id. */
export type StoreFactory = {
  open(): Promise<OpenedStore>;
  /** Where an event id is refused the second time: anywhere in a store in one place, in its stream in a cluster. */
  readonly idsAreUniqueIn?: 'store' | 'stream';
};

/** What every event store promises. An adapter is done when this passes. */
export const describeEventStore = (name: string, factory: StoreFactory): void => {
  const open = async (): Promise<OpenedStore> => {
    const opened = await factory.open();
    onTestFinished(() => opened.store.close());
    return opened;
  };
  describe(`event store: ${name}`, () => {
    describeAppends(open, factory.idsAreUniqueIn ?? 'store');
    describeCrowds(open);
    describeReads(open);
    describeResume(open);
    describeInstants(open);
    describeSubscriptions(open);
    describePayloads(open);
    describeLifetime(open);
  });
};
