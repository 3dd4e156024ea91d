import { type FieldPath, valueAt } from '../pod/field-path.ts';
import type { PatchOperation } from '../pod/patch.ts';
import { isWindowsPod, type PodParts, type PodView } from '../pod/pod-view.ts';
import type { Report, Violation } from './rule.ts';

/** The two fields of a security context with the same form: a type, and the name of a profile on the node. */
export type ProfileField = 'appArmorProfile' | 'seccompProfile';

/** What is asked of one of them. */
interface ProfileDemand {
  readonly field: ProfileField;
  /** Whether there must be one, rather than only no bad one. */
  readonly required: boolean;
}

/** Types that confine; Unconfined is the one that does not. A Localhost profile is trusted: the node's owner put it there. */
const allowed: readonly string[] = ['RuntimeDefault', 'Localhost'];

/**
 * Every profile whose type does not confine, on the pod and in its containers. A profile without a type counts: upstream
 * reads it as "". Where a profile is required, a container may leave it to a good one on the pod, not to a bad one.
 */
export function forbiddenProfiles(
  { spec, containers }: PodView,
  report: Report<'type'>,
  { field, required }: ProfileDemand,
): undefined {
  const inherited = spec.securityContext?.[field] ?? undefined;
  const confined = inherited !== undefined && allowed.includes(inherited.type);
  if (inherited !== undefined && !confined) report(forbidden(['spec'], field, inherited.type));
  for (const { path, container } of containers) {
    const profile = container.securityContext?.[field] ?? undefined;
    const permitted = profile === undefined ? confined || !required : allowed.includes(profile.type);
    if (!permitted) report(forbidden(path, field, profile?.type));
  }
}

function forbidden(holder: FieldPath, field: ProfileField, type: unknown): Violation<'type'> {
  const path = [...holder, 'securityContext', field, 'type'];
  return { path, message: 'type', found: type ?? undefined, expected: { allowed } };
}

/**
 * Chooses the profile that every runtime has. The name of a localhost profile must go: the API server refuses it beside
 * another type. In Windows pods it refuses profiles altogether, so there is nothing to write.
 */
export function* repairProfile(pod: PodParts, path: FieldPath): Generator<PatchOperation> {
  if (isWindowsPod(pod)) return;
  yield { op: 'add', path, value: 'RuntimeDefault' };
  const localhostProfile = [...path.slice(0, -1), 'localhostProfile'];
  if (valueAt(pod, localhostProfile) !== undefined) yield { op: 'remove', path: localhostProfile };
}
