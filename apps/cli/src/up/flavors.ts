import { memoryNeeded, standardFlavors } from '#domain';
import { badAnswer } from '../cli-error.ts';
import type { Api } from '../client/api.ts';
import { isApiProblem } from '../client/problem.ts';
import type { Cluster } from './bootstrap.ts';
import type { Steps } from './report.ts';

/** Defines what a new network offers. Repeated, it changes nothing: neither what an operator retired, nor what was
 *  defined with other content by an older or newer build, which it says. */
export const offerStandardFlavors = async (operator: Api, { note }: Pick<Steps, 'note'>): Promise<void> => {
  for (const { flavorId, size, pricePerHour } of standardFlavors) {
    try {
      await operator.defineFlavor({ flavorId, size, pricePerHour: pricePerHour.toString() });
    } catch (error) {
      if (!isApiProblem(error) || error.code !== 'flavor-exists-with-other-content') throw error;
      note(error.message);
    }
  }
};

/** The cheapest flavor on offer with memory enough for an image. An old network keeps the flavors it began with. */
export const smallestFor = async ({ owner, imageDigest }: Pick<Cluster, 'owner' | 'imageDigest'>): Promise<string> => {
  const { manifest } = await owner.image(imageDigest);
  const needed = memoryNeeded(manifest);
  const fitting = (await owner.flavors()).filter(({ size }) => size.memoryBytes >= needed);
  const [smallest] = fitting.sort((a, b) => Number(BigInt(a.pricePerHour) - BigInt(b.pricePerHour)));
  if (smallest !== undefined) return smallest.flavorId;
  throw badAnswer('no-flavor-fits', `no flavor on offer has the memory that image ${manifest.name} needs`, {
    wanted: `${needed} bytes of memory`,
    fix: 'hcc flavor ls shows what is on offer, hcc flavor define offers another',
  });
};
