import { SekishoError } from '../core/error.ts';
import { templatesOf } from '../core/pod/templates.ts';
import type { CustomWorkload, TemplatePath, Workload } from '../core/pod/workload.ts';

/** Notices kinds of the settings in whose objects no template was found: their path may be wrong, and all passes. */
export interface EmptyKinds {
  saw(workload: Workload, object: unknown): void;
  warnings(): readonly string[];
}

export function createEmptyKinds(): EmptyKinds {
  const empty = new Map<CustomWorkload, boolean>();
  return {
    saw(workload, object) {
      if ('templates' in workload) empty.set(workload, empty.get(workload) !== false && isEmpty(object, workload));
    },
    warnings() {
      const kinds = [...empty].flatMap(([workload, none]) => (none ? [workload] : []));
      return kinds.map(({ group, kind, templates }) => {
        const places = templates.map(formatTemplatePath).join(', ');
        return `no ${kind} of ${group} had a pod template at ${places}: is that its path?`;
      });
    },
  };
}

function isEmpty(object: unknown, workload: CustomWorkload): boolean {
  try {
    return templatesOf(object, workload).length === 0;
  } catch (thrown) {
    // It is a finding already.
    if (thrown instanceof SekishoError && thrown.code === 'PodMalformed') return false;
    throw thrown;
  }
}

function formatTemplatePath(path: TemplatePath): string {
  return path.map(({ field, each }) => (each ? `${field}[*]` : field)).join('.');
}
