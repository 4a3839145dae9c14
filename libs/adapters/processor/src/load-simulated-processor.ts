import type { SimulatedProcessor } from '#attestation';

/** A production build was asked to work on a simulated network. */
export class SimulatedProcessorMissing extends Error {
  override readonly name = 'SimulatedProcessorMissing';
  readonly code = 'simulated-processor-not-in-this-build';

  constructor() {
    super(
      'simulated-processor-not-in-this-build: this build is for production networks and holds no simulated secure ' +
        'processor, but the network is a simulated one. Join a production network, or build with `npm run build`.',
    );
  }
}

/**
 * The simulated secure processor, for a network whose kind is `simulated`; nobody else may ask for it. It is found at run
 * time, so that a production build without it compiles and then refuses here: throws {@link SimulatedProcessorMissing}.
 */
export const loadSimulatedProcessor = async (from: string = door): Promise<SimulatedProcessor> => {
  try {
    const loaded: { readonly simulatedProcessor: SimulatedProcessor } = await import(from);
    return loaded.simulatedProcessor;
  } catch (error) {
    if (isMissing(error)) throw new SimulatedProcessorMissing();
    throw error;
  }
};

const door: string = '#simulated-processor';

const isMissing = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  (error.code === 'ERR_MODULE_NOT_FOUND' || error.code === 'ERR_PACKAGE_IMPORT_NOT_DEFINED');
