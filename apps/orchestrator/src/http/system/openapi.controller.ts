import { Controller, Inject } from '@nestjs/common';
import { z } from 'zod';
import type { JsonSchema } from '#edge';
import { OPENAPI } from '../../tokens.ts';
import { Answers, json, route } from '../route.ts';

const showOpenApi = route({
  method: 'GET',
  path: '/v1/openapi.json',
  summary: 'This API as an OpenAPI 3.1 document',
  roles: 'open',
  answer: json(z.looseObject({ openapi: z.literal('3.1.0') })),
  refusals: [],
});

@Controller()
export class OpenApiController {
  constructor(@Inject(OPENAPI) private readonly document: JsonSchema) {}

  @Answers(showOpenApi)
  show() {
    return this.document;
  }
}
