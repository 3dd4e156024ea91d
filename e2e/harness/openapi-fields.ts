import type { Cluster } from '../drivers/cluster.ts';
import { sharedCluster } from './case.ts';
import { kubectlOutput } from './kubectl.ts';

/* What an API server says of its own kinds: the list of fields that nobody has to keep by hand. */

interface Schema {
  readonly $ref?: string;
  readonly allOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
}

/** Schemas by their names: `io.k8s.api.core.v1.Pod`. */
export type Schemas = Readonly<Record<string, Schema>>;

/** Of these groups and versions: `api/v1`, `apis/apps/v1`. */
export async function readSchemas(
  groupVersions: readonly string[],
  cluster: Cluster = sharedCluster(),
): Promise<Schemas> {
  const documents = await Promise.all(
    groupVersions.map((path) => kubectlOutput(['get', '--raw', `/openapi/v3/${path}`], { cluster })),
  );
  return Object.assign({}, ...documents.map((text) => JSON.parse(text).components.schemas)) as Schemas;
}

/** A field of an object, at whichever depth. */
export interface SchemaField {
  /** `[]` for each item of a list, `*` for each value of a map. */
  readonly path: readonly string[];
  /** The names of the fields beside it. */
  readonly siblings: readonly string[];
  /** The names of its own fields, and none where it has none. */
  readonly fields: readonly string[];
}

/** Every field of a kind. A schema inside itself is not entered again. */
export function fieldsOfKind(schemas: Schemas, name: string): readonly SchemaField[] {
  const found: SchemaField[] = [];
  const visit = (schema: Schema, path: readonly string[], above: ReadonlySet<string>): void => {
    const ref = refOf(schema);
    if (ref !== undefined && above.has(ref)) return;
    const entered = ref === undefined ? above : new Set([...above, ref]);
    const { properties, items, additionalProperties } = resolve(schemas, schema);
    const siblings = Object.keys(properties ?? {});
    for (const [field, each] of Object.entries(properties ?? {})) {
      const fields = Object.keys(resolve(schemas, each).properties ?? {});
      found.push({ path: [...path, field], siblings, fields });
      visit(each, [...path, field], entered);
    }
    if (items !== undefined) visit(items, [...path, '[]'], entered);
    if (typeof additionalProperties === 'object') visit(additionalProperties, [...path, '*'], entered);
  };
  visit({ $ref: `#/components/schemas/${name}` }, [], new Set());
  return found;
}

function refOf({ $ref, allOf }: Schema): string | undefined {
  return $ref ?? allOf?.find((each) => each.$ref !== undefined)?.$ref;
}

function resolve(schemas: Schemas, schema: Schema): Schema {
  const ref = refOf(schema);
  if (ref === undefined) return schema;
  const named = schemas[ref.slice(ref.lastIndexOf('/') + 1)];
  if (named === undefined) throw new Error(`the API server names ${ref} and does not say what it is`);
  return named;
}
