import type { z } from 'zod';
import { createJsonSchemas, type JsonSchema } from '#edge';
import { aggregates, categories, eventMeanings, type StoredForm } from '#events';

/** `events.md`: every event type as it is stored, from the codecs. */
export const eventsPage = (): string => {
  const known: Record<string, readonly [string, string]> = eventMeanings;
  const chapters = categories.map((category) => {
    const events = aggregates[category].codec.stored.map((form: StoredForm) => {
      const [meaning, writer] = known[form.type] ?? ['', ''];
      return [
        `### ${form.type}`,
        '',
        `${meaning}.`,
        '',
        `Version ${form.version}, written by ${writer}.`,
        '',
        fieldsOf(form.schema),
      ].join('\n');
    });
    return [`## ${category}`, '', `Streams \`${category}-<id>\`.`, '', events.join('\n\n')].join('\n');
  });
  return `${intro}\n${chapters.join('\n\n')}\n`;
};

const intro = `# Events

Every event that is stored, in the version that is written now. Older versions are read through upcasters; history is never
rewritten. The envelope around these fields (eventId, stream, revision, actor, causes, hashes) is the same for all of them:
see \`Event\` in [openapi.json](openapi.json). Instants are ISO 8601 in UTC; micro-credits and revisions are decimal strings.
`;

const fieldsOf = (schema: z.ZodType): string => {
  const schemas = createJsonSchemas('#/');
  const { properties = {}, required = [] } = schemas.of(schema) as {
    readonly properties?: Readonly<Record<string, JsonSchema>>;
    readonly required?: readonly string[];
  };
  const rows = Object.entries(properties).map(([name, shape]) => {
    const optional = required.includes(name) ? '' : ', may be absent';
    return `| \`${name}\` | ${formOf(shape)}${optional} |`;
  });
  return rows.length === 0 ? 'No fields.' : ['| field | form |', '| --- | --- |', ...rows].join('\n');
};

/** A schema in a few words: enough to read an event, not to validate one. */
const formOf = (shape: JsonSchema): string => {
  const { type, format, anyOf, items, properties, additionalProperties, maximum, maxLength, pattern } = shape;
  const choices = shape.enum;
  if (Array.isArray(choices)) return choices.map((choice) => `\`${choice}\``).join(' or ');
  if ('const' in shape) return `\`${String(shape.const)}\``;
  if (Array.isArray(anyOf)) return anyOf.map((one: JsonSchema) => formOf(one)).join(' or ');
  if (type === 'array') return `list of: ${formOf(items as JsonSchema)}`;
  if (type === 'object' && typeof properties === 'object' && properties !== null) {
    const parts = Object.entries(properties as Readonly<Record<string, JsonSchema>>);
    return `{ ${parts.map(([name, part]) => `${name}: ${formOf(part)}`).join(', ')} }`;
  }
  if (type === 'object') return `map to ${formOf((additionalProperties ?? {}) as JsonSchema)}`;
  if (type === 'null') return '`null`';
  if (format === 'uuid') return 'UUID';
  if (format === 'date-time') return 'instant';
  if (typeof pattern === 'string') return `text like \`${pattern.replaceAll('|', '\\|')}\``;
  if (type === 'string') return maxLength === undefined ? 'text' : `text, at most ${String(maxLength)} characters`;
  if (type === 'integer') return maximum === 9007199254740991 ? 'whole number' : `whole number to ${String(maximum)}`;
  return type === undefined ? 'anything' : String(type);
};
