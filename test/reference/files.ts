import { systemCli } from '../../apps/cli/src/cli.ts';
import { heavyNouns } from '../../apps/cli/src/heavy-nouns.ts';
import { buildProgram } from '../../apps/cli/src/program.ts';
import { controllers } from '../../apps/orchestrator/src/app.module.ts';
import { openApiDocument } from '../../apps/orchestrator/src/http/reference/openapi.ts';
import { asyncApiDocument } from './asyncapi.ts';
import { cliPage } from './cli-page.ts';
import { eventsPage } from './events-page.ts';
import { evidenceRefusalsPage } from './evidence-refusals-page.ts';
import { refusalsPage } from './refusals-page.ts';

/** Every generated file of `docs/reference`, by name, as it should be. */
export const referenceFiles = (): ReadonlyMap<string, string> =>
  new Map([
    ['openapi.json', json(openApiDocument(controllers))],
    ['asyncapi.json', json(asyncApiDocument())],
    ['events.md', eventsPage()],
    ['refusals.md', refusalsPage()],
    ['evidence-refusals.md', evidenceRefusalsPage()],
    ['cli.md', cliPage(buildProgram(systemCli(), heavyNouns))],
  ]);

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
