import { SekishoError } from '../error.ts';
import { valueAt } from '../pod/field-path.ts';
import type { ObjectReference, PodView } from '../pod/pod-view.ts';
import { type Template, templateKey, templatesOf } from '../pod/templates.ts';
import { type CustomWorkload, podViewAt } from '../pod/workload.ts';
import type { BoundRules } from '../policy/policy-set.ts';
import type { FactSource } from '../rules/facts.ts';
import { assess } from './assess.ts';
import { createFindings, type Decision } from './decision.ts';
import { markPreexisting } from './preexisting.ts';
import { isAnyTemplateChanged } from './update.ts';

/** An object of a custom kind, as it is to be stored. */
export interface AppliedTemplates {
  readonly object: unknown;
  readonly workload: CustomWorkload;
  readonly reference: ObjectReference;
  /** What it replaces; absent where it is new. */
  readonly oldObject?: unknown;
}

interface Asked {
  readonly bound: BoundRules;
  readonly facts: FactSource;
}

/**
 * One decision on all templates of an object; undefined where none is there, or none has changed. As with a template
 * of Kubernetes' own kinds, what changed is judged in full: one new template brings the others' findings too, and those
 * are preexisting. Throws `PodMalformed`.
 */
export function decideOnTemplates(applied: AppliedTemplates, asked: Asked): Decision | Promise<Decision> | undefined {
  const templates = templatesOf(applied.object, applied.workload);
  const old = oldTemplatesOf(applied);
  if (templates.length === 0 || (old !== undefined && !isAnyTemplateChanged(templates, old))) return undefined;
  const { reference } = applied;
  const pods = templates.map((template) => ({
    pod: podViewAt(template.value, template.path, reference),
    readOld: () => oldPodOf(old?.get(templateKey(template)), reference),
  }));
  const mark = old !== undefined;
  return inOneDecision(pods, (each) => decisionOn(each, { ...asked, mark }), asked.bound);
}

interface TemplatePod {
  readonly pod: PodView;
  readonly readOld: () => PodView | undefined;
}

function decisionOn(
  { pod, readOld }: TemplatePod,
  { bound, facts, mark }: Asked & { readonly mark: boolean },
): Decision | Promise<Decision> {
  const decision = assess(pod, bound, facts);
  if (!mark) return decision;
  const marked = (settled: Decision) => markPreexisting(settled, { pod, readOld, bound, facts });
  return decision instanceof Promise ? decision.then(marked) : marked(decision);
}

/**
 * One after the other, so that no more findings are held than are kept: a thousand templates could have millions. Nor
 * are templates asked about when the verdict, and all that is said of it, stands.
 */
function inOneDecision(
  pods: readonly TemplatePod[],
  decide: (pod: TemplatePod) => Decision | Promise<Decision>,
  { rules }: BoundRules,
): Decision | Promise<Decision> {
  const findings = createFindings();
  const mayDeny = rules.some(({ mode }) => mode === 'Enforce');
  const from = (index: number): Decision | Promise<Decision> => {
    for (const [offset, pod] of pods.slice(index).entries()) {
      if (findings.settled(mayDeny)) break;
      const decision = decide(pod);
      if (decision instanceof Promise) {
        return decision.then((settled) => {
          findings.addAll(settled);
          return from(index + offset + 1);
        });
      }
      findings.addAll(decision);
    }
    return findings.decide();
  };
  return from(0);
}

/** Undefined where it is new, and where what it replaces cannot be read: that is no excuse, it is judged. */
function oldTemplatesOf({ oldObject, workload }: AppliedTemplates): ReadonlyMap<string, Template> | undefined {
  if (oldObject === undefined) return undefined;
  return unlessMalformed(() => {
    return new Map(templatesOf(oldObject, workload).map((template) => [templateKey(template), template]));
  });
}

function oldPodOf(template: Template | undefined, reference: ObjectReference): PodView | undefined {
  if (template === undefined) return undefined;
  return unlessMalformed(() => podViewAt(template.value, template.path, reference));
}

/**
 * The runtime class of an object whose templates all have the same. Where they differ there is none: a class that a
 * policy leaves alone must not speak for the template beside it.
 */
export function sharedRuntimeClass(object: unknown, workload: CustomWorkload): string | undefined {
  const templates = unlessMalformed(() => templatesOf(object, workload)) ?? [];
  const [first, ...others] = templates.map(({ value }) => valueAt(value, ['spec', 'runtimeClassName']));
  return typeof first === 'string' && others.every((other) => other === first) ? first : undefined;
}

function unlessMalformed<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof SekishoError && thrown.code === 'PodMalformed') return undefined;
    throw thrown;
  }
}
