import { type FieldPath, valueAt } from './field-path.ts';
import { type CustomWorkload, isAbsent, listAt, malformed, objectAt, type TemplatePath } from './workload.ts';

/** One of the templates in an object of a custom kind; nothing in it is checked yet. */
export interface Template {
  readonly value: unknown;
  /** From the object to the template. */
  readonly path: FieldPath;
  /** The same with list items by their `name`, so that one that has moved is known again. */
  readonly namedPath: FieldPath;
}

/** As the setting `workloadKinds` writes it: fields, `[*]` behind those whose every item is meant. */
export const templatePathPattern = /^[A-Za-z_][A-Za-z0-9_-]*(\[\*\])?(\.[A-Za-z_][A-Za-z0-9_-]*(\[\*\])?){0,15}$/;

const eachItem = '[*]';

/** Reads what `templatePathPattern` matches. */
export function parseTemplatePath(text: string): TemplatePath {
  return text.split('.').map((step) => {
    const each = step.endsWith(eachItem);
    return { field: each ? step.slice(0, -eachItem.length) : step, each };
  });
}

/** More than anybody runs in one object. Each costs a verdict of its own, so an object with more is not looked into. */
const mostTemplates = 1_000;

/**
 * The templates of an object, in their order. What is absent on the way is no template: that of a Rollout may stand in
 * another object. Throws `PodMalformed`, naming the field, where something else stands than an object or a list.
 */
export function templatesOf(object: unknown, { templates }: CustomWorkload): readonly Template[] {
  return templates.flatMap((path) => templatesAt(object, path));
}

function templatesAt(object: unknown, steps: TemplatePath): readonly Template[] {
  let here: Template[] = [{ value: object, path: [], namedPath: [] }];
  for (const { field, each } of steps) {
    const next: Template[] = [];
    for (const parent of here) {
      const inside = fieldOf(parent, field);
      if (inside === undefined) continue;
      if (!each) next.push(inside);
      else appendItems(inside, next);
    }
    here = next;
  }
  return here;
}

function fieldOf({ value, path, namedPath }: Template, field: string): Template | undefined {
  const object = objectAt(value, path);
  // The operator names the field, the tenant writes the object: `constructor` is none of an object that has none.
  const found = Object.hasOwn(object, field) ? object[field] : undefined;
  return isAbsent(found) ? undefined : { value: found, path: [...path, field], namedPath: [...namedPath, field] };
}

function appendItems({ value, path, namedPath }: Template, to: Template[]): void {
  const items = listAt(value, path);
  if (to.length + items.length > mostTemplates) throw malformed(path, `has more than ${mostTemplates} items`);
  const names = new Set<string>();
  for (const [index, item] of items.entries()) {
    const name = valueAt(item, ['name']);
    // The second of a name is known by its place, or it could pass for the first.
    const named = typeof name === 'string' && !names.has(name);
    if (named) names.add(name);
    to.push({ value: item, path: [...path, index], namedPath: [...namedPath, named ? name : index] });
  }
}

/** Equal for what is the same template before and after an update. */
export function templateKey({ namedPath }: Template): string {
  return JSON.stringify(namedPath);
}
