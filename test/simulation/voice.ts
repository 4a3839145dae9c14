import type { Size, UnixMs } from '#domain';
import type { MinerBus, VmReport } from '#events';
import { newestKnown, observe } from '../../apps/miner-node/src/converge/index.ts';
import type { Guest } from './guest.ts';
import type { Claim } from './lies.ts';
import type { Random } from './random.ts';

/** What an agent says: when it changes, whole every now and then, and until the bus has taken it. */
export type Voice = {
  /** A new life of the agent, on a new connection. */
  begin(bus: MinerBus): void;
  speak(guests: readonly Guest[]): void;
  sayAgain(vmId: string): void;
  sayHostAgain(): void;
  /** Says something that is not so, now. */
  claim(claim: Claim): void;
  /** Sends an old report once more: as it was, or under a new number. */
  replay(random: Random): void;
};

export type VoiceParts = {
  readonly now: () => UnixMs;
  readonly agentEpoch: () => number;
  readonly hostBootId: () => string;
  readonly capacity: () => Size;
};

const beatMs = 2_000;
const reportAllMs = 30_000;
const syncMs = 10_000;
/** Old reports that are kept to be replayed. */
const rememberedMax = 20;

export const createVoice = ({ now, agentEpoch, hostBootId, capacity }: VoiceParts): Voice => {
  const said = new Map<string, string>();
  const remembered: VmReport[] = [];
  let bus: MinerBus | null = null;
  let [sequence, syncAt, reportAllAt, beatAt] = [0, 0, 0, 0];
  let [isSynced, isHostSaid] = [false, false];

  const remember = (report: VmReport): void => {
    const { vmId, observation } = report;
    const last = remembered.findLast((other) => other.vmId === vmId);
    // What is said again and again is worth one replay.
    if (JSON.stringify(last?.observation) === JSON.stringify(observation)) return;
    remembered.push(report);
    if (remembered.length > rememberedMax) remembered.shift();
  };
  const send = (report: VmReport, refused: () => void): void => {
    remember(report);
    bus?.report(report).catch(refused);
  };
  const claim = (what: Claim, refused: () => void): void => {
    sequence += 1;
    send({ ...what, agentEpoch: agentEpoch(), sequence }, refused);
  };
  const say = (guest: Guest): void => {
    const { vmId } = guest;
    const fence = newestKnown(guest.record, guest.fresh);
    const observation = observe(guest.record, guest.fresh, { sshHost: 'host.example', agentEpoch: agentEpoch() });
    if (fence === null || observation === null) return;
    const { generation, specRevision } = fence;
    const text = JSON.stringify([generation, `${specRevision}`, observation]);
    if (said.get(vmId) === text) return;
    said.set(vmId, text);
    claim({ vmId, generation, specRevision, observation }, () => said.delete(vmId));
  };
  const sayHost = (): void => {
    isHostSaid = true;
    const facts = { agentVersion: '1.0.0', accelerator: 'tcg', platform: 'none', cpuModel: 'simulated' } as const;
    const report = { agentEpoch: agentEpoch(), hostBootId: hostBootId(), ...facts, capacity: capacity() };
    bus?.reportHost(report).catch(() => {
      isHostSaid = false;
    });
  };
  const sync = (): void => {
    syncAt = now() + syncMs;
    const asked = bus;
    asked?.sync().then(
      () => {
        if (asked === bus) isSynced = true;
      },
      // Nobody answered: it is asked again.
      () => undefined,
    );
  };

  return {
    begin: (opened) => {
      bus = opened;
      [isSynced, isHostSaid, sequence, syncAt] = [false, false, 0, 0];
      said.clear();
      reportAllAt = now() + reportAllMs;
    },
    speak: (guests) => {
      if (beatAt <= now()) {
        beatAt = now() + beatMs;
        bus?.beat();
      }
      if (!isSynced && syncAt <= now()) sync();
      if (reportAllAt <= now()) {
        reportAllAt = now() + reportAllMs;
        said.clear();
        isHostSaid = false;
      }
      if (!isHostSaid) sayHost();
      for (const guest of guests) say(guest);
    },
    sayAgain: (vmId) => void said.delete(vmId),
    sayHostAgain: () => {
      isHostSaid = false;
    },
    claim: (what) => claim(what, () => undefined),
    replay: (random) => {
      if (remembered.length === 0) return;
      const old = random.pick(remembered);
      if (random.chance(0.5)) send(old, () => undefined);
      else claim(old, () => undefined);
    },
  };
};
