import { simulatedProcessor } from '#simulated-processor';
import { type HonestHost, openHonestHost } from '../attestor/honest-host.ts';
import type { FromSigner, ToSigner } from './attestor-words.ts';

// Some of the hosts: their chips and TPMs, which sign fresh evidence over the nonces they are given. In a process of their
// own, because machines of miners do this, and before the clock of the measurement runs.

const hosts: HonestHost[] = [];
const tell = (word: FromSigner): void => void process.send?.(word);

process.on('message', (word: ToSigner) => {
  if ('answers' in word) {
    return tell({ evidence: word.answers.map(({ host, challenge }) => hosts[host]?.answer(challenge) ?? '') });
  }
  void open(word.open);
});
process.once('disconnect', () => process.exit(0));

const open = async (count: number): Promise<void> => {
  for (let n = 0; n < count; n += 1) hosts.push(await openHonestHost());
  const [{ root } = await openHonestHost()] = hosts;
  tell({
    hosts: hosts.map(({ minerId, chipId, akName, akPublic }) => ({ minerId, chipId, akName, akPublic })),
    root: simulatedProcessor.writeRoot(root),
  });
};
