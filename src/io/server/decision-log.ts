import type { Answer } from '../../core/admission/answer.ts';
import type { AdmissionRequest } from '../../core/admission/review.ts';
import type { FindingGroup } from '../../core/render/finding-groups.ts';
import { cut, type Logger, writeLine } from '../log.ts';

/** So many findings of one request are logged; their number always is. */
const findingsLogged = 50;
const policiesLogged = 8;

const debugLine = { level: 'debug', msg: 'decided' } as const;
const infoLine = { level: 'info', msg: 'decided' } as const;

/** One line per decision; without findings only at debug level, because a passing pod is the ordinary case. */
export function createDecisionLog(log: Logger) {
  const debug = log.isLevelEnabled('debug');
  const info = log.isLevelEnabled('info');
  return (request: AdmissionRequest, answer: Answer, milliseconds: number): void => {
    const { findings, groups } = answer;
    if (findings.length === 0) {
      if (debug) writeLine(log, debugLine, decisionFields(request, answer, milliseconds));
    } else if (info) {
      const found = { count: findings.length, findings: findingFields(groups) };
      writeLine(log, infoLine, { ...decisionFields(request, answer, milliseconds), ...found });
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

function findingFields(groups: readonly FindingGroup[]) {
  const shown = groups.length > findingsLogged ? groups.slice(0, findingsLogged) : groups;
  return shown.map(({ finding: { rule, mode, container, preexisting, letThrough, exception }, policies, path }) => ({
    policy: policies.length > 1 ? policies.slice(0, policiesLogged).join(',') : policies[0],
    rule: rule.id,
    mode,
    path,
    container: container === undefined ? undefined : cut(container),
    preexisting,
    letThrough,
    exception: exception?.name,
  }));
}
