import { z } from 'zod';
import { podLevel, requestWithoutOverhead } from '../../pod/effective-resources.ts';
import { type FieldPath, valueAt } from '../../pod/field-path.ts';
import type { PodView } from '../../pod/pod-view.ts';
import { isMoreThanTimes, type Quantity } from '../../pod/quantity.ts';
import { formatQuantity } from '../../pod/quantity-text.ts';
import { type Stated, statedQuantity } from '../../pod/stated-quantity.ts';
import { crdRule } from '../crd-rule.ts';
import { minimalContainer } from '../minimal-pod.ts';
import { once, quantityOf, times } from '../resource-params.ts';
import { type CheckContext, defineRule, type Violation } from '../rule.ts';

/** Of all others the API server wants the request to be the limit. */
const names = ['cpu', 'memory', 'ephemeral-storage'] as const;

const params = z
  .strictObject({
    cpu: times('How many times the request the limit of cpu may be.'),
    memory: times('How many times the request the limit of memory may be.'),
    'ephemeral-storage': times('How many times the request the limit of ephemeral-storage may be.'),
  })
  .check(
    crdRule({
      cel: 'has(self.cpu) || has(self.memory) || has(self.ephemeral__dash__storage)',
      check: (ratios) => names.some((name) => ratios[name] !== undefined),
      message: `must name one of ${names.join(', ')}`,
    }),
  );

interface Ratio {
  readonly name: string;
  readonly times: Quantity;
}

const ratiosOf = once((ratios: z.output<typeof params>): readonly Ratio[] =>
  names.flatMap((name) => {
    const stated = ratios[name];
    return stated === undefined ? [] : [{ name, times: quantityOf(stated) }];
  }),
);

type Problem = 'ratio' | 'invalid';

/** A place where a limit and a request stand, and what they are. */
interface Pair {
  readonly limit: Stated;
  readonly request: Stated;
}

/** Without a request the limit is one; without a limit there is nothing to compare. */
function problemOf({ limit, request }: Pair, ratio: Ratio): Problem | undefined {
  if (limit === undefined) return undefined;
  if (limit === 'invalid' || request === 'invalid') return 'invalid';
  return request !== undefined && isMoreThanTimes(limit, ratio.times, request) ? 'ratio' : undefined;
}

function check(pod: PodView, { report }: CheckContext<Problem>, ratios: readonly Ratio[]): undefined {
  for (const view of pod.containers) {
    if (view.class === 'ephemeral') continue;
    const { resources } = view.container;
    for (const ratio of ratios) {
      const limit = statedQuantity(resources, 'limits', ratio.name);
      const request = statedQuantity(resources, 'requests', ratio.name);
      const problem = problemOf({ limit, request }, ratio);
      if (problem !== undefined)
        report(violationOf(pod, [...view.path, 'resources'], { problem, ratio, limit, request }));
    }
  }
  if (pod.spec.resources === undefined) return;
  for (const ratio of ratios) {
    const limit = podLevel(pod, 'limits', ratio.name);
    // Whatever is invalid in a container is said there.
    const whole = limit === undefined ? undefined : requestWithoutOverhead(pod, ratio.name);
    const request = podLevel(pod, 'requests', ratio.name) ?? (whole === 'invalid' ? undefined : whole);
    const problem = problemOf({ limit, request }, ratio);
    if (problem !== undefined) report(violationOf(pod, ['spec', 'resources'], { problem, ratio, limit, request }));
  }
}

interface Judged extends Pair {
  readonly problem: Problem;
  readonly ratio: Ratio;
}

function violationOf(pod: PodView, at: FieldPath, { problem, ratio, limit, request }: Judged): Violation<Problem> {
  const field = limit === 'invalid' || problem === 'ratio' ? 'limits' : 'requests';
  const path = [...at, field, ratio.name];
  const found = valueAt(pod, path);
  if (problem === 'invalid' || request === undefined || request === 'invalid') {
    return { path, message: 'invalid', found };
  }
  const expected = { times: [formatQuantity(ratio.times)], request: [formatQuantity(request)] };
  return { path, message: 'ratio', found, expected };
}

/*
 * Fields: spec.{containers,initContainers}[*].resources, also of sidecars, and spec.resources. Ephemeral containers can
 * have no resources.
 * Only cpu, memory and ephemeral-storage can be overcommitted (IsOvercommitAllowed, pkg/apis/core/v1/helper). Where no
 * request stands the limit is one, and the ratio 1. That there is a limit, and one that is not 0, is for requireLimits to
 * ask; a request of 0 beside a limit is less than any part of it.
 */
export const limitRequestRatio = defineRule({
  id: 'limitRequestRatio',
  severity: 'low',
  reads: 'resources',
  narrows: true,
  references: {},
  title: { en: 'Limits near the requests', ja: '上限と要求の比率' },
  why: {
    en: 'The scheduler plans with requests, the kernel allows limits. Where limits are many times the requests, containers that all use what they may take more than the node has, and some are throttled or killed.',
    ja: 'スケジューラーは要求をもとに配置を決めますが、実際に使えるのは上限までです。上限が要求の何倍もあると、各コンテナーが上限まで使ったときにノードのリソースを超え、一部が遅くなったり強制終了されたりします。',
  },
  fix: {
    en: 'Raise the request to what the container ordinarily uses, or lower the limit.',
    ja: 'コンテナーが通常使う量まで要求を上げるか、上限を下げてください。',
  },
  messages: {
    ratio: {
      en: 'is {found}, more than {times} times the request of {request}',
      ja: 'は {found} で、要求 {request} の {times} 倍を超えています',
    },
    invalid: { en: 'is {found}, which is no valid quantity', ja: 'は {found} で、数量として正しくありません' },
  },
  params,
  values: z.union([z.string().max(256), z.int()]),
  check: (pod, context, ratios) => check(pod, context, ratiosOf(ratios)),
  examples: {
    settings: { memory: '2', cpu: 10 },
    allowed: [
      {},
      { container: { resources: { requests: { memory: '512Mi' }, limits: { memory: '1Gi' } } } },
      { container: { resources: { limits: { memory: '8Gi' } } } },
    ],
    violating: [
      {
        container: { resources: { requests: { cpu: '50m', memory: '512M' }, limits: { cpu: '500m', memory: '1Gi' } } },
        violates: ['spec.containers[0].resources.limits.memory'],
      },
      {
        pod: {
          spec: {
            initContainers: [
              { ...minimalContainer, name: 'init', resources: { requests: { cpu: '0' }, limits: { cpu: '1' } } },
            ],
            resources: { limits: { memory: '4Gi' } },
          },
        },
        container: { resources: { requests: { memory: '1Gi' }, limits: { cpu: '1,5' } } },
        violates: [
          'spec.initContainers[0].resources.limits.cpu',
          'spec.containers[0].resources.limits.cpu',
          'spec.resources.limits.memory',
        ],
      },
    ],
  },
});
