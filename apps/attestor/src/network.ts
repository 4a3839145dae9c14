import { fold, type Network } from '#domain';
import type { Log } from '#edge';
import { aggregates, type Clock, type EventStore, readWholeStream, streamName } from '#events';

/** What the network is, from its first event. Waits for it: on a new machine the orchestrator founds it a moment later. */
export const networkOf = async (store: EventStore, clock: Clock, log: Log): Promise<Network> => {
  const { decider, codec } = aggregates.network;
  for (let told = false; ; told = true) {
    const founded = fold(decider, (await readWholeStream(store, streamName('network', 'main'))).map(codec.decode));
    if (founded !== null) return founded;
    if (!told) log('info', 'this log has no network yet; waiting for the orchestrator to found it');
    await clock.sleep(lookAgainMs);
  }
};

const lookAgainMs = 200;
