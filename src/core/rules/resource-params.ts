import { z } from 'zod';
import { type Quantity, readQuantity, zeroQuantity } from '../pod/quantity.ts';
import { crdRule } from './crd-rule.ts';

/** How a policy names a resource, as far as containers can have it: a misspelt one would bound nothing. */
const namePattern =
  /^(cpu|memory|ephemeral-storage|hugepages-[1-9][0-9]*[KMGT]i|[a-z0-9]([-a-z0-9.]*[a-z0-9])?\/[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)$/;

const longestName = 317;
const mostResources = 16;
const nameProblem = 'must be cpu, memory, ephemeral-storage, hugepages-2Mi or the like, or example.com/name';

/** Names of resources, at least one. */
export const resourceNames = z
  .array(z.string().max(longestName).regex(namePattern, nameProblem))
  .min(1)
  .max(mostResources);

/** What every text of this pattern is: a quantity that Kubernetes reads, and none below 0. */
const quantityPattern = /^([0-9]+\.?[0-9]*|\.[0-9]+)(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][-+]?[0-9]{1,2})?$/;

/** An amount of a resource, in a policy. */
const quantity = z.union([
  z.string().max(32).regex(quantityPattern, 'must be a quantity such as 500m, 2 or 128Mi'),
  z.int().min(0),
]);

/** Amounts by the names of resources. A CRD can say nothing of the keys of a map but by a rule. */
export function quantities(description: string): z.ZodOptional<z.ZodType<Quantities>> {
  return z
    .record(z.string(), quantity)
    .refine((amounts) => Object.keys(amounts).length <= mostResources, `must have at most ${mostResources} resources`)
    .check(
      crdRule({
        cel: `self.all(name, size(name) <= ${longestName} && name.matches(r'${namePattern.source.replace('\\/', '/')}'))`,
        check: (amounts) => Object.keys(amounts).every(isResourceName),
        message: `${nameProblem}, in each key`,
        locate: (amounts) =>
          Object.keys(amounts)
            .filter((name) => !isResourceName(name))
            .slice(0, 1),
      }),
    )
    .meta({ maxProperties: mostResources })
    .optional()
    .describe(description);
}

/** What a policy says of amounts, as it was written. */
export type Quantities = Readonly<Record<string, string | number>>;

function isResourceName(name: string): boolean {
  return name.length <= longestName && namePattern.test(name);
}

/** What a policy's schema has let through. */
export function quantityOf(amount: string | number): Quantity {
  return readQuantity(amount) ?? zeroQuantity;
}

/** How many times, in a policy: at least once, and no suffix. */
export function times(description: string): z.ZodOptional<z.ZodType<string | number>> {
  return z
    .union([
      z
        .string()
        .max(16)
        .regex(/^[1-9][0-9]{0,5}(\.[0-9]{1,3})?$/, 'must be a number from 1 on, such as 2 or 1.5'),
      z.int().min(1).max(999_999),
    ])
    .optional()
    .describe(description);
}

/** Reads params that a policy's schema has let through, once. */
export function once<P extends object, T>(compile: (params: P) => T): (params: P) => T {
  const compiled = new WeakMap<P, T>();
  return (params) => {
    const known = compiled.get(params);
    if (known !== undefined) return known;
    const fresh = compile(params);
    compiled.set(params, fresh);
    return fresh;
  };
}
