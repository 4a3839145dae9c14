import { simulatedProcessor } from '#simulated-processor';

/** What no program may do: a production build of it must not compile. */
export const signReport = simulatedProcessor.signReport;
