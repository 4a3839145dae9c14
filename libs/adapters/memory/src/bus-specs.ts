import type { DesiredSpec } from '#domain';
import {
  BusUnavailable,
  decodeMessage,
  desiredSpec,
  encodeMessage,
  type OrchestratorBus,
  specBytesMax,
  subjects,
} from '#events';
import type { Broker } from './bus-broker.ts';

/** Races of a put with other writers, as on NATS. */
const putAttemptsMax = 16;

/** One call to the server, as a connection makes it: it may fail, before it was carried out or after. */
type Call = <Result>(what: string, work: () => Result) => Promise<Result>;

/** Puts a VM's spec as the port has it: where it looked, and nothing must have been put there meanwhile. */
export const createPutSpec =
  (broker: Broker, who: string, call: Call): OrchestratorBus['putSpec'] =>
  async (minerId, vmId, fold) => {
    const subject = subjects.work(minerId, vmId);
    const putAt = (place: Place, spec: DesiredSpec) => (): 'put' | 'not-older' | 'moved' => {
      if (place.known !== null && !isOlder(place.known, spec)) return 'not-older';
      if (placeOf(broker, subject).sequence !== place.sequence) return 'moved';
      broker.store(broker.work, subject, encodeMessage(desiredSpec, spec));
      broker.workOf(minerId).offer(subject);
      return 'put';
    };
    for (let attempt = 1; attempt <= putAttemptsMax; attempt += 1) {
      if (broker.wire.isCut(who)) throw new BusUnavailable(`put spec: ${who} is cut off`);
      const place = placeOf(broker, subject);
      const spec = await fold();
      if (spec === null) return 'not-wanted';
      const done = await call('put spec', putAt(place, spec));
      if (done !== 'moved') return done;
    }
    throw new BusUnavailable(`put ${subject}: another writer was faster ${putAttemptsMax} times in a row`);
  };

type Place = { readonly known: DesiredSpec | null; readonly sequence: number };

/** What is there, and the number that changes with it; of an empty subject, which looks the same after a purge, with any put. */
const placeOf = (broker: Broker, subject: string): Place => {
  const stored = broker.work.get(subject);
  if (stored === undefined) return { known: null, sequence: -broker.lastPut() };
  const known = decodeMessage(desiredSpec, stored.bytes, specBytesMax);
  return { known: known.ok ? known.value : null, sequence: stored.sequence };
};

const isOlder = (known: DesiredSpec, spec: DesiredSpec): boolean =>
  known.generation === spec.generation ? known.specRevision < spec.specRevision : known.generation < spec.generation;
