import type { Answer } from '../../core/admission/answer.ts';
import type { AdmissionRequest } from '../../core/admission/review.ts';
import type { Finding } from '../../core/engine/decision.ts';
import { formatFieldPath } from '../../core/pod/field-path.ts';
import { cut, type Logger } from '../log.ts';

/** So many findings of one request are logged; their number always is. */
const findingsLogged = 50;

/** One line per decision; without findings only at debug level, because a passing pod is the ordinary case. */
export function createDecisionLog(log: Logger) {
  const debug = log.isLevelEnabled('debug');
  const info = log.isLevelEnabled('info');
  return (request: AdmissionRequest, answer: Answer, milliseconds: number): void => {
    const { findings } = answer;
    if (findings.length === 0) {
      if (debug) log.debug(decisionFields(request, answer, milliseconds), 'decided');
    } else if (info) {
      log.info({ ...decisionFields(request, answer, milliseconds), ...findingFields(findings) }, 'decided');
    }
  };
}

function decisionFields(request: AdmissionRequest, { response, id }: Answer, milliseconds: number) {
  return {
    uid: cut(request.uid),
    id,
    operation: request.operation,
    resource: cut(request.resource),
    subresource: cut(request.subResource),
    namespace: cut(request.namespace),
    name: cut(request.name),
    user: cut(request.username),
    dryRun: request.dryRun,
    allowed: response.allowed,
    ms: Math.round(milliseconds * 1_000) / 1_000,
  };
}

function findingFields(findings: readonly Finding[]) {
  const shown = findings.length > findingsLogged ? findings.slice(0, findingsLogged) : findings;
  return { count: findings.length, findings: shown.map(toFields) };
}

function toFields({ policy, rule, mode, path, container }: Finding) {
  return {
    policy,
    rule: rule.id,
    mode,
    path: cut(formatFieldPath(path)),
    container: container === undefined ? undefined : cut(container),
  };
}
