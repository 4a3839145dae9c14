import type { ServiceError } from '@grpc/grpc-js';

export type Call = 'read' | 'subscribe' | 'append' | 'features' | 'gossip';

/** What the server is told to do wrong. Every order is for the next calls of its kind, then all is well again. */
export type Faults = {
  /** Answers only after so long. */
  delay(call: Call, ms: number, times?: number): void;
  /** Never answers. */
  hang(call: Call, times?: number): void;
  /** Answers with an error instead of doing it. */
  refuse(call: Call, error: ServiceError, times?: number): void;
  /** Does it, then cuts the connection of the call instead of answering. For reads: after so many events. */
  cut(call: Call, times?: number, afterEvents?: number): void;
  /** Ends every running subscription and append stream at once. */
  dropStreams(): void;
  /** Forgets every order. */
  clear(): void;
};

export type Order =
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'hang' }
  | { readonly kind: 'refuse'; readonly error: ServiceError }
  | { readonly kind: 'cut'; readonly afterEvents: number };

export type Orders = Faults & {
  /** The order for this call, used up. */
  take(call: Call): Order | null;
  /** Registers how a running stream is dropped; returns how to unregister. */
  running(drop: () => void): () => void;
};

/** Orders waiting for their calls. */
export const createOrders = (): Orders => {
  const waiting = new Map<Call, Order[]>();
  const running = new Set<() => void>();
  const put = (call: Call, order: Order, times = 1): void => {
    waiting.set(call, [...(waiting.get(call) ?? []), ...Array<Order>(times).fill(order)]);
  };
  return {
    delay: (call, ms, times) => put(call, { kind: 'delay', ms }, times),
    hang: (call, times) => put(call, { kind: 'hang' }, times),
    refuse: (call, error, times) => put(call, { kind: 'refuse', error }, times),
    cut: (call, times, afterEvents = 0) => put(call, { kind: 'cut', afterEvents }, times),
    clear: () => waiting.clear(),
    dropStreams: () => {
      for (const drop of [...running]) drop();
    },
    take: (call) => waiting.get(call)?.shift() ?? null,
    running: (drop) => {
      running.add(drop);
      return () => running.delete(drop);
    },
  };
};
