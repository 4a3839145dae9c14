export { loadSimulatedProcessor, SimulatedProcessorMissing } from './load-simulated-processor.ts';
