import type { JudgeContext } from '../engine/judge.ts';
import { judgeLabelChange, type NamespaceChange, namespaceReference } from '../engine/label-guard.ts';
import { findRefusedPods, type PodSource } from '../engine/refused-pods.ts';
import type { Language } from '../locale.ts';
import { valueAt } from '../pod/field-path.ts';
import { labelsOf } from '../pod/labels.ts';
import { refusedPodWarnings } from '../render/refused-pods.ts';
import type { AdmissionRequest } from './review.ts';
import { type Answer, answerOf, withWarnings } from './verdict.ts';

/** What the guard of namespaces' labels needs to know. */
export interface GuardContext extends JudgeContext {
  readonly locale: Language;
  /** Absent where there is no cluster to ask: then nothing is said of pods that are there. */
  readonly pods?: PodSource;
}

/**
 * Judges an update of a namespace, by whichever subresource: `status` and `finalize` write labels too. An update that is
 * allowed and asks more of pods tells its author which of those that are there would be refused.
 */
export function guardNamespace(request: AdmissionRequest, context: GuardContext): Answer | Promise<Answer> {
  const change = changeOf(request);
  const { policies, locale, pods, now } = context;
  const reference = namespaceReference(change.after.name);
  const answer = answerOf({ request, judgement: judgeLabelChange(change, policies, now()), reference }, locale);
  const unchanged = sameLabels(change);
  if (pods === undefined || unchanged || !answer.response.allowed) return answer;
  return findRefusedPods(change, pods, context).then((refused) => {
    return refused === undefined
      ? answer
      : withWarnings(answer, refusedPodWarnings(change.after.name, refused, locale));
  });
}

function changeOf({ name, object, oldObject, username, groups }: AdmissionRequest): NamespaceChange {
  const stated = valueAt(object, ['metadata', 'name']);
  const known = name === '' && typeof stated === 'string' ? stated : name;
  const uid = valueAt(object, ['metadata', 'uid']);
  return {
    uid: typeof uid === 'string' ? uid : '',
    before: { name: known, labels: labelsOf(oldObject) },
    after: { name: known, labels: labelsOf(object) },
    user: username,
    groups,
  };
}

function sameLabels({ before: { labels: old = new Map() }, after: { labels = new Map() } }: NamespaceChange): boolean {
  return labels.size === old.size && [...labels].every(([key, value]) => old.get(key) === value);
}
