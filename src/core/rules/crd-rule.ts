import { z } from 'zod';
import { type FieldPath, formatFieldPath } from '../pod/field-path.ts';

/** A condition over several fields, said once: for the API server in CEL, for everybody else in TypeScript. */
export interface CrdRule<T> {
  /** What must hold, of `self`. */
  readonly cel: string;
  /** The same. Asked only of what is otherwise valid, with its defaults, as the API server asks CEL. */
  check(value: T): boolean;
  readonly message: string;
  /** The field that is to blame, from here. In a CRD it must be one that the schema has, so it can go into no list. */
  readonly path?: readonly string[];
  /** The same place as exactly as it can be said of this value, for editors and files. */
  locate?(value: T): FieldPath;
}

/** A line of `x-kubernetes-validations`. */
export interface CelValidation {
  readonly rule: string;
  readonly message: string;
  readonly fieldPath?: string;
}

const validations = new WeakMap<object, CelValidation>();

/** For `schema.check(…)`: a refinement whose other half the CRD gets (`celValidationOf`). */
export function crdRule<T>(rule: CrdRule<T>): z.core.$ZodCheck<T> {
  const { cel, message, path = [] } = rule;
  const check = z.check<T>(({ value, issues }) => {
    if (rule.check(value)) return;
    // `continue`: what is wrong elsewhere is said too, as the API server says all of it.
    issues.push({ code: 'custom', input: value, path: [...(rule.locate?.(value) ?? path)], message, continue: true });
  });
  const fieldPath = path.length === 0 ? {} : { fieldPath: `.${formatFieldPath(path)}` };
  validations.set(check, { rule: cel, message, ...fieldPath });
  return check;
}

/** What a check of a schema is in a CRD; undefined where it is none of ours. */
export function celValidationOf(check: object): CelValidation | undefined {
  return validations.get(check);
}
