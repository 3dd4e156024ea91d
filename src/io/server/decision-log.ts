import type { StatusCause } from '../../core/admission/response.ts';
import type { AdmissionRequest } from '../../core/admission/review.ts';
import type { Answer } from '../../core/admission/verdict.ts';
import type { FindingGroup } from '../../core/render/finding-groups.ts';
import { cut, type Logger, writeLine } from '../log.ts';

/** So many findings of one request are logged; their number always is. */
const findingsLogged = 50;
const policiesLogged = 8;

/** One line per decision; without findings only at debug level, because a passing pod is the ordinary case. */
export function createDecisionLog(log: Logger) {
  const debug = log.isLevelEnabled('debug');
  const info = log.isLevelEnabled('info');
  return (request: AdmissionRequest, answer: Answer, milliseconds: number): void => {
    const told = answer.findings.length > 0 || answer.mistakes !== undefined;
    if (told ? info : debug) writeLine(log, lineOf(told ? 'info' : 'debug', { request, answer, milliseconds }));
  };
}

interface Decided {
  readonly request: AdmissionRequest;
  readonly answer: Answer;
  readonly milliseconds: number;
}

/** One literal: putting it together from parts took as long as serialising it. */
function lineOf(level: 'info' | 'debug', { request, answer, milliseconds }: Decided) {
  const { response, id, findings, groups, mistakes } = answer;
  const count = mistakes?.length ?? findings.length;
  return {
    level,
    time: new Date().toISOString(),
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
    count: count === 0 ? undefined : count,
    findings: groups.length === 0 ? undefined : findingFields(groups),
    mistakes: mistakes === undefined ? undefined : mistakeFields(mistakes),
    msg: 'decided',
  } as const;
}

function mistakeFields(mistakes: readonly StatusCause[]) {
  return mistakes.slice(0, findingsLogged).map(({ field, message }) => ({ field, message }));
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
