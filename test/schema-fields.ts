import type { z } from 'zod';

/* What a zod schema lets somebody write: the paths of its fields and objects. */

/** `[]`: each item of a list; `*`: each entry of a map. */
export type SchemaPath = readonly string[];

interface Definition {
  readonly type: string;
  readonly innerType?: z.core.$ZodType;
  readonly in?: z.core.$ZodType;
  readonly out?: z.core.$ZodType;
  readonly element?: z.core.$ZodType;
  readonly valueType?: z.core.$ZodType;
  readonly options?: readonly z.core.$ZodType[];
  readonly shape?: Readonly<Record<string, z.core.$ZodType>>;
}

/** What is around a schema without being a field of its own. */
const wrappers = new Set(['optional', 'default', 'prefault', 'nullable', 'readonly', 'catch', 'nonoptional', 'pipe']);
const leaves = new Set(['string', 'number', 'int', 'bigint', 'boolean', 'enum', 'literal', 'unknown', 'any']);

/** Every field that holds a value, in the order of the schema. Throws at what it does not know: nothing may be missed. */
export function fieldsOf(schema: z.core.$ZodType): readonly string[] {
  return walk(schema, []).flatMap(({ path, kind }) => (kind === 'field' ? [path.join('.')] : []));
}

/** Every object whose fields have names. */
export function objectsOf(schema: z.core.$ZodType): readonly SchemaPath[] {
  return walk(schema, []).flatMap(({ path, kind }) => (kind === 'object' ? [path] : []));
}

interface Place {
  readonly path: SchemaPath;
  readonly kind: 'field' | 'object';
}

function walk(schema: z.core.$ZodType, path: SchemaPath): readonly Place[] {
  const definition = schema._zod.def as unknown as Definition;
  const { type } = definition;
  if (leaves.has(type)) return [{ path, kind: 'field' }];
  if (wrappers.has(type)) return walk(present(innerOf(definition), path), path);
  if (type === 'array') return walk(present(definition.element, path), [...path, '[]']);
  if (type === 'record') return walk(present(definition.valueType, path), [...path, '*']);
  if (type === 'object') {
    const fields = Object.entries(definition.shape ?? {});
    return [{ path, kind: 'object' }, ...fields.flatMap(([name, field]) => walk(field, [...path, name]))];
  }
  if (type === 'union') return unionOf(definition.options ?? [], path);
  throw new Error(`${path.join('.')}: what are the fields of a ${type}?`);
}

/** What is written, not what it becomes; a transformation that comes first takes anything. */
function innerOf({ innerType, in: written, out }: Definition): z.core.$ZodType | undefined {
  if (innerType !== undefined) return innerType;
  return written?._zod.def.type === 'transform' ? out : written;
}

/** A field that may be text or number is one field. */
function unionOf(options: readonly z.core.$ZodType[], path: SchemaPath): readonly Place[] {
  const places = options.flatMap((option) => walk(option, path));
  return places.filter(
    (place, index) => places.findIndex((other) => other.path.join('.') === place.path.join('.')) === index,
  );
}

function present(schema: z.core.$ZodType | undefined, path: SchemaPath): z.core.$ZodType {
  if (schema === undefined) throw new Error(`${path.join('.')}: nothing inside`);
  return schema;
}
