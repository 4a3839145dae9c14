export { connectedSoon } from './bus-wait.ts';
export { ConfigInvalid, type Environment, parseConfig, readSecretFile, text, wholeNumber } from './config.ts';
export { coreDumpsAllowed, coreDumpsFix, denyCoreDumps, readCoreLimit, withoutCoreDumps } from './core-limit.ts';
export {
  type Correlation,
  correlationIdFrom,
  currentCorrelation,
  traceparentFrom,
  withCorrelation,
} from './correlation.ts';
export { everyTick } from './every-tick.ts';
export { createJsonSchemas, type JsonSchema, type JsonSchemas } from './json-schema.ts';
export { createLifecycle, DeadlinePassed, type Deadlines, type Lifecycle, type Part, Stopping } from './lifecycle.ts';
export { busWaitMs, partStopMs } from './limits.ts';
export { type Log, type LogLevel, logLevels, silentLog } from './log.ts';
export { createLog, type LoggerOptions } from './logger.ts';
export {
  type MetricDefinition,
  type MetricName,
  metricCatalogue,
  metricsPage,
} from './metrics/catalogue.ts';
export { createMetrics, type Metrics, type Sample } from './metrics/metrics.ts';
export { type MetricsDoorOptions, metricsDoor } from './metrics/metrics-door.ts';
export { nestLogger } from './nest-logger.ts';
export { DoorProblem, type ProblemData, type ProblemDocument, problemDocument } from './problem.ts';
export { ProblemFilter, type ProblemFilterOptions, type ProblemReply } from './problem-filter.ts';
export { problemFixes } from './problem-fixes.ts';
export { invalidRequest, type Problem, problemOf } from './problem-of.ts';
export { type DoorCode, type ProblemCode, problems } from './problems.ts';
export { configOrExit, type Program, plainLine, runProgram } from './program.ts';
export { type StoreChoice, storeChoiceOf, storeForm, storeWanted, withStoreAddress } from './store-choice.ts';
export { createThrottle, type Throttle, type ThrottleOptions } from './throttle.ts';
export { longRead, toldReads } from './told-reads.ts';
export { version } from './version.ts';
