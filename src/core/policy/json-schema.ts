import { z } from 'zod';
import { type Kind, kinds } from './kinds.ts';

/** A JSON Schema, to be printed. Draft 7 is what editors know best. */
export type JsonSchema = Readonly<Record<string, unknown>>;

const draft = 'http://json-schema.org/draft-07/schema#';

/** What an editor needs to complete and check a document of a kind. Rules over several fields are left to lint. */
export function jsonSchemaOf({ kind, description, schema }: Kind): JsonSchema {
  return { $schema: draft, title: kind, description, ...bodyOf(schema) };
}

/** The same for files that hold any of our kinds. */
export function jsonSchemaOfAll(): JsonSchema {
  const branches = kinds.map(({ kind, schema }) => ({
    if: { properties: { kind: { const: kind } }, required: ['kind'] },
    // biome-ignore lint/suspicious/noThenProperty: the word of JSON Schema; nobody awaits this.
    then: bodyOf(schema),
  }));
  const properties = { kind: { enum: kinds.map(({ kind }) => kind) } };
  return { $schema: draft, title: 'Kinds of Sekisho', type: 'object', required: ['kind'], properties, allOf: branches };
}

function bodyOf(schema: z.ZodType): JsonSchema {
  // `input`: what somebody writes, not what parsing makes of it.
  const { $schema: _, ...body } = z.toJSONSchema(schema, { target: 'draft-7', io: 'input' });
  return body;
}
