import type { Supervised } from './supervise.ts';

/** Everything `up` has started, stopped in the one order that loses nothing: miners together and first, since only they
 *  can shut VMs down and report it; then the rest, last started first. */
export type Fleet = {
  add(child: Supervised): void;
  /** Orderly stop of all, telling each name before. A repeat finds nothing to do. */
  stop(tell: (name: string) => void): Promise<void>;
  /** SIGKILL to all, for a person who insists. VMs may outlive it. */
  kill(): void;
};

/** An empty fleet. */
export const createFleet = (): Fleet => {
  let children: readonly Supervised[] = [];
  const isMiner = ({ name }: Supervised): boolean => name.startsWith('miner-');
  return {
    add: (child) => {
      children = [...children, child];
    },
    stop: async (tell) => {
      const miners = children.filter(isMiner);
      const rest = children.filter((child) => !isMiner(child)).reverse();
      if (miners.length > 0) tell(`${miners.map(({ name }) => name).join(', ')} and the VMs on them`);
      await Promise.all(miners.map((child) => child.stop()));
      for (const child of rest) {
        tell(child.name);
        await child.stop();
      }
      children = [];
    },
    kill: () => {
      for (const child of children) child.kill();
    },
  };
};
