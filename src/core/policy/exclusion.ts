import { z } from 'zod';
import { crdRule } from '../rules/crd-rule.ts';
import type { Rule } from '../rules/rule.ts';

/** What a section allows all the same. */
export interface Exclusion {
  readonly rules: readonly string[];
  readonly values?: readonly (string | number)[] | undefined;
  readonly containers?: readonly string[] | undefined;
}

/** The field `except` of a section with these rules. */
export function exclusionsField(rules: readonly Rule[]): z.ZodDefault<z.ZodType<Exclusion[]>> {
  const exclusion = z
    .strictObject({
      rules: z
        .array(z.enum(rules.map(({ id }) => id) as [string, ...string[]]))
        .min(1)
        .max(32)
        .describe('The rules that are not asked there.'),
      values: z
        .array(z.union([z.string().max(256), z.int()]))
        .min(1)
        .max(64)
        .optional()
        .describe('Only violations that found one of these values; absent: any value.'),
      containers: z
        .array(z.string().min(1).max(63))
        .min(1)
        .max(64)
        .optional()
        .describe('Only violations in containers of these names; absent: anywhere in the pod.'),
    })
    .check(...rules.map(valuesOf));
  return z
    .array(exclusion)
    .max(64)
    .default([])
    .describe('What is allowed all the same, by rule, value and container.') as z.ZodDefault<z.ZodType<Exclusion[]>>;
}

/** A value that a rule can never find would be an exception that silently never holds. */
function valuesOf({ id, values: schema }: Rule): z.core.$ZodCheck<Exclusion> {
  const types = ['string', 'int'].filter((_, index) => schema?.safeParse(index === 0 ? '' : 0).success);
  const isWrong = (value: string | number): boolean => schema?.safeParse(value).success !== true;
  const all =
    types.length === 0
      ? 'false'
      : `self.values.all(value, ${types.map((type) => `type(value) == ${type}`).join(' || ')})`;
  const problem = schema === undefined ? 'has no values to name: leave values out' : 'cannot find such a value';
  return crdRule({
    cel: `!has(self.values) || !('${id}' in self.rules) || ${all}`,
    check: ({ rules, values = [] }) => !rules.includes(id) || !values.some(isWrong),
    message: `the rule ${id} ${problem}`,
    path: ['values'],
    locate: ({ values = [] }) => ['values', values.findIndex(isWrong)],
  });
}
