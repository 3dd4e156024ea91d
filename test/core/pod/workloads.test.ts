import { describe, expect, test } from 'vitest';
import { workloads } from '../../../src/core/pod/workload.ts';
import { builtinWorkloads, createWorkloads } from '../../../src/core/pod/workloads.ts';

const rollout = { group: 'argoproj.io', kind: 'Rollout', resource: 'rollouts', path: 'spec.template' };
const service = { group: 'serving.knative.dev', kind: 'Service', resource: 'services', path: 'spec.template' };
const ray = { group: 'ray.io', kind: 'RayCluster', resource: 'rayclusters' };

describe('the kinds that are judged', () => {
  const known = createWorkloads([rollout, service]);

  test('are those of the settings besides all of Kubernetes', () => {
    for (const { group, kind, resource } of [...workloads, rollout, service]) {
      const request = { group, resource, kind: { group, kind } };
      expect(known.ofRequest(request)).toMatchObject({ group, kind });
      expect(known.ofKind(group === '' ? 'v1' : `${group}/v9`, kind)).toMatchObject({ group, kind });
    }
  });

  test('are Kubernetes alone without settings', () => {
    expect(builtinWorkloads.custom).toEqual([]);
    expect(builtinWorkloads.ofKind('argoproj.io/v1alpha1', 'Rollout')).toBeUndefined();
    expect(builtinWorkloads.ofKind('apps/v1', 'Deployment')).toMatchObject({ kind: 'Deployment' });
  });

  test('are told apart by group: a Service of Kubernetes holds no pod', () => {
    expect(known.ofKind('v1', 'Service')).toBeUndefined();
    expect(known.ofKind('serving.knative.dev/v1', 'Service')).toMatchObject({ resource: 'services' });
    expect(known.ofKind('other.dev/v1', 'Rollout')).toBeUndefined();
  });

  test('are asked for by the kind of a request, so that a scale is none of them', () => {
    const request = { group: 'argoproj.io', resource: 'rollouts' };
    expect(known.ofRequest({ ...request, kind: { group: 'autoscaling', kind: 'Scale' } })).toBeUndefined();
    expect(known.ofRequest({ ...request, kind: { group: 'argoproj.io', kind: 'Rollout' } })).toBeDefined();
  });

  test('are found by their resource where the settings misspell the kind', () => {
    const misspelt = createWorkloads([{ ...rollout, kind: 'RollOut' }]);
    const request = { group: 'argoproj.io', resource: 'rollouts' };
    expect(misspelt.ofRequest({ ...request, kind: { group: 'argoproj.io', kind: 'Rollout' } })).toBeDefined();
    expect(misspelt.ofRequest({ ...request, kind: { group: 'autoscaling', kind: 'Scale' } })).toBeUndefined();
  });

  test('have all their places in one', () => {
    const several = createWorkloads([
      { ...ray, path: 'spec.headGroupSpec.template' },
      { ...ray, path: 'spec.workerGroupSpecs[*].template' },
    ]);
    expect(several.custom).toHaveLength(1);
    expect(several.custom[0]?.templates).toHaveLength(2);
  });

  test('are no names that every object inherits', () => {
    expect(known.ofKind('v1', 'constructor')).toBeUndefined();
    expect(known.ofKind('__proto__/v1', '__proto__')).toBeUndefined();
  });
});
