import { isDeepStrictEqual } from 'node:util';
import { valueAt } from '../../core/pod/field-path.ts';
import type { EditRefusal } from './edit-context.ts';
import type { SourceAlias, SourceTree } from './source-node.ts';

/* What `&name` stands before and `*name` repeats is written once: whoever changes it there changes it everywhere. */

/** The places that cannot come to mean what they are to mean, because they share what they mean with others. */
export function refusalsOfAliases({ aliases, value }: SourceTree, after: unknown, text: string): EditRefusal[] {
  return aliases.flatMap((alias) => refusalsOf(alias, { before: value, after }, text));
}

interface Values {
  readonly before: unknown;
  readonly after: unknown;
}

function refusalsOf({ name, path, target, merged, offset }: SourceAlias, values: Values, text: string): EditRefusal[] {
  const targetAfter = valueAt(values.after, target);
  const targetChanges = !isDeepStrictEqual(valueAt(values.before, target), targetAfter);
  const shared = (): EditRefusal => {
    const line = text.slice(0, offset).split('\n').length;
    return { path: target, message: `&${name} is used again in line ${line}, which would change too` };
  };
  if (merged) return targetChanges ? [shared()] : [];
  const aliasBefore = valueAt(values.before, path);
  const aliasAfter = valueAt(values.after, path);
  if (isDeepStrictEqual(aliasAfter, targetAfter)) return [];
  const aliasChanges = !isDeepStrictEqual(aliasBefore, aliasAfter);
  // A single value is written in the place of the alias; and whatever goes, goes alone.
  const alone = aliasAfter === undefined || typeof aliasBefore !== 'object' || aliasBefore === null;
  const other: EditRefusal = { path, message: `*${name} is the value of another place, which would change too` };
  return [...(targetChanges && !(aliasChanges && alone) ? [shared()] : []), ...(aliasChanges && !alone ? [other] : [])];
}

/** Whether the alias at an offset may stay, because what it repeats becomes what it is to mean. */
export function followsTarget(
  offset: number,
  after: unknown,
  { tree, value }: { readonly tree: SourceTree; readonly value: unknown },
): boolean {
  const alias = tree.aliases.find((each) => each.offset === offset);
  return alias !== undefined && isDeepStrictEqual(valueAt(value, alias.target), after);
}
