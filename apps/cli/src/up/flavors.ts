import { standardFlavors } from '#domain';
import type { Api } from '../client/api.ts';
import { isApiProblem } from '../client/problem.ts';
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
