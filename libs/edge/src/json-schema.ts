import { z } from 'zod';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** JSON Schemas of one document: those with a name (`.meta({ id })`) are gathered, and referred to where they are used. */
export type JsonSchemas = {
  /** The form a value has on the wire: decimal strings where the code has a bigint, text where it has a codec. */
  of(schema: z.ZodType): JsonSchema;
  named(): Readonly<Record<string, JsonSchema>>;
};

/** `refPrefix` is where the document keeps its named schemas: `#/components/schemas/`. */
export const createJsonSchemas = (refPrefix: string): JsonSchemas => {
  const named = new Map<string, JsonSchema>();
  const pointHere = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(pointHere);
    if (typeof node !== 'object' || node === null) return node;
    return Object.fromEntries(
      Object.entries(node).map(([key, value]) =>
        key === '$ref' && typeof value === 'string'
          ? [key, value.replace(/^#\/\$defs\//, refPrefix)]
          : [key, pointHere(value)],
      ),
    );
  };
  return {
    of: (schema) => {
      const {
        $schema,
        $defs = {},
        ...shape
      } = z.toJSONSchema(schema, {
        io: 'input',
        unrepresentable: 'any',
        override: ({ zodSchema, jsonSchema }) => mend(zodSchema, jsonSchema),
      });
      for (const [name, definition] of Object.entries($defs)) named.set(name, pointHere(definition) as JsonSchema);
      return pointHere(shape) as JsonSchema;
    },
    named: () => Object.fromEntries([...named].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
};

type Node = Record<string, unknown>;

/** What zod says otherwise than an API's reader expects it. */
const mend = (schema: z.core.$ZodType, node: Node): void => {
  // In zod a type that code may not write to; in OpenAPI a value that requests do not carry.
  delete node.readOnly;
  delete node.id;
  // The format says it; the pattern that says it too is a page long.
  if (node.format === 'date-time') delete node.pattern;
  if (node.format === 'lowercase') {
    delete node.allOf;
    Object.assign(node, { format: 'uuid', pattern: '^[^A-Z]*$' });
  }
  // A number that travels as text, as in a query, is shown as the number it is.
  const { wire, ...rest } = z.globalRegistry.get(schema) ?? {};
  if (typeof wire !== 'object' || wire === null) return;
  for (const key of Object.keys(node)) if (!(key in rest)) delete node[key];
  Object.assign(node, wire);
};
