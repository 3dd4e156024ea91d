import type { FieldPath } from '../pod/field-path.ts';
import type { PodParts } from '../pod/pod-view.ts';

/** The name of the service account that the API server gives to a pod that names none. */
export const defaultServiceAccount = 'default';

/** What a pod says of the service account that it runs as, and where. */
export interface StatedServiceAccount {
  readonly path: FieldPath;
  /** What stands there; undefined where nothing does. */
  readonly found: unknown;
}

/**
 * As the API server reads it (`Convert_v1_PodSpec_To_core_PodSpec`): the deprecated `serviceAccount` counts where
 * `serviceAccountName` is empty.
 */
export function statedServiceAccount(spec: PodParts['spec']): StatedServiceAccount {
  const name: unknown = spec.serviceAccountName;
  const deprecated: unknown = spec.serviceAccount;
  if (isEmpty(name) && !isEmpty(deprecated)) return { path: ['spec', 'serviceAccount'], found: deprecated };
  return { path: ['spec', 'serviceAccountName'], found: name ?? undefined };
}

/** Whether the API server fills in the default one. */
export function isEmpty(name: unknown): boolean {
  return name === undefined || name === null || name === '';
}
