import type {
  AccountCommand,
  AccountEvent,
  AccountId,
  AppraisalEvent,
  AttesterId,
  DeviceCommand,
  DeviceEvent,
  FlavorEvent,
  ImageEvent,
  MinerCommand,
  MinerEvent,
  MinerId,
  NetworkEvent,
  PolicyEvent,
  VmCommand,
  VmEvent,
  VmId,
} from '#domain';
import type { ParkedEvent, RecordedEvent, StreamName } from '#events';

/** A recorded event with its meaning, keyed by the category of its stream. */
export type KnownEvent = { readonly recorded: RecordedEvent } & (
  | { readonly category: 'vm'; readonly id: VmId; readonly event: VmEvent }
  | { readonly category: 'account'; readonly id: AccountId; readonly event: AccountEvent }
  | { readonly category: 'miner'; readonly id: MinerId; readonly event: MinerEvent }
  | { readonly category: 'image'; readonly id: string; readonly event: ImageEvent }
  | { readonly category: 'flavor'; readonly id: string; readonly event: FlavorEvent }
  | { readonly category: 'appraisal'; readonly id: AttesterId; readonly event: AppraisalEvent }
  | { readonly category: 'device'; readonly id: string; readonly event: DeviceEvent }
  | { readonly category: 'policy'; readonly id: string; readonly event: PolicyEvent }
  | { readonly category: 'network'; readonly id: string; readonly event: NetworkEvent }
  | { readonly category: 'parked'; readonly id: string; readonly event: ParkedEvent }
);

type WithoutNow<Command> = Command extends unknown ? Omit<Command, 'now'> : never;

/** A command to one stream. `step` and the causing event make its id, so a repeat decides nothing. */
export type ProcessCommand = { readonly step: string } & (
  | { readonly target: 'vm'; readonly id: VmId; readonly command: WithoutNow<VmCommand> }
  | { readonly target: 'account'; readonly id: AccountId; readonly command: WithoutNow<AccountCommand> }
  | { readonly target: 'miner'; readonly id: MinerId; readonly command: WithoutNow<MinerCommand> }
  | { readonly target: 'device'; readonly id: string; readonly command: WithoutNow<DeviceCommand> }
);

/**
 * A process manager: events in, commands out. Its state is a fold of the log, kept in memory and rebuilt at start
 * without giving commands, so that what it knows never depends on a read model. It holds what is live, never history.
 */
export type Process<State> = {
  readonly name: string;
  readonly initial: () => State;
  /** Changes the state it is given: these maps are large and have one owner. Never throws. */
  readonly absorb: (state: State, known: KnownEvent) => void;
  /** Commands for an event, seen after `absorb`. */
  readonly react: (state: State, known: KnownEvent) => readonly ProcessCommand[];
  /** Other streams than the event's own that `react` goes by. While one of them cannot be read, the event waits for a build that can. */
  readonly over?: (state: State, known: KnownEvent) => readonly StreamName[];
};
