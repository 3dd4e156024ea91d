import type { FastifyReply } from 'fastify';
import { type AdmissionResponse, formatAdmissionReview } from '../../core/admission/response.ts';
import type { AdmissionRequest } from '../../core/admission/review.ts';
import type { Answer } from '../../core/admission/verdict.ts';
import { messageOf } from '../../core/error.ts';
import type { Mode } from '../../core/policy/mode.ts';
import type { Logger } from '../log.ts';
import type { AdmissionSample, Metrics } from '../metrics.ts';
import type { Connections } from './connections.ts';
import { createDecisionLog } from './decision-log.ts';
import { type Failure, failureOf, failureResponse } from './failure.ts';

/** A request that was read and waits for its verdict. */
export interface Call {
  readonly reply: FastifyReply;
  readonly review: AdmissionRequest;
  /** By `performance.now()`. */
  readonly started: number;
}

/** The three ends of a review. Each sends a verdict, then counts and logs it. */
export interface Conclusion {
  judged(call: Call, answer: Answer): void;
  /** Judging threw. */
  failed(call: Call, thrown: unknown): void;
  /** Not even parsed: nothing but its uid is known. */
  unparsed(reply: FastifyReply, uid: string, message: string): void;
}

export interface ConclusionContext {
  readonly ceiling: Mode;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly connections: Connections;
}

export function createConclusion(context: ConclusionContext): Conclusion {
  const { ceiling, log, metrics, connections } = context;
  const logDecision = createDecisionLog(log);
  const conclude = ({ reply, review, started }: Call, answer: Answer, decision: AdmissionSample['decision']): void => {
    send(reply, answer.response);
    const { caller } = connections.of(reply.request.raw.socket);
    if (!caller.known) connections.recognise(caller);
    const milliseconds = performance.now() - started;
    metrics.admitted(sampleOf(review, decision, milliseconds));
    if (answer.findings.length > 0) metrics.found(answer.findings);
    logDecision(review, answer, milliseconds);
  };
  return {
    judged: (call, answer) => conclude(call, answer, answer.response.allowed ? 'allow' : 'deny'),
    failed(call, thrown) {
      const { uid, operation, resource, namespace } = call.review;
      const failure = failureOf(thrown);
      const level = failure.code === 500 ? 'error' : 'warn';
      log[level]({ uid, operation, resource, namespace, error: errorFields(thrown) }, 'not judged');
      conclude(call, { response: failureResponse(uid, ceiling, failure), findings: [], groups: [] }, 'error');
    },
    unparsed(reply, uid, message) {
      const failure: Failure = { code: 403, message };
      log.warn({ uid, error: { message } }, 'not judged');
      send(reply, failureResponse(uid, ceiling, failure));
      metrics.admitted(unparsedSample);
    },
  };
}

/** Past fastify's serialisation: the text is ready, and its type carries no charset, as the API server's own. */
function send({ raw }: FastifyReply, response: AdmissionResponse): void {
  const text = formatAdmissionReview(response);
  const bytes = Buffer.byteLength(text);
  raw.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes });
  // ASCII, as nearly always, needs no encoding.
  raw.end(text, bytes === text.length ? 'latin1' : 'utf8');
}

function sampleOf(review: AdmissionRequest, decision: AdmissionSample['decision'], milliseconds: number) {
  const { operation, resource, subResource: subresource, dryRun } = review;
  return { operation, resource, subresource, decision, dryRun, seconds: milliseconds / 1_000 };
}

/** What is not parsed has no kind and no operation. */
const unparsedSample: AdmissionSample = {
  operation: 'other',
  resource: 'other',
  subresource: 'other',
  decision: 'error',
  dryRun: false,
  seconds: 0,
};

function errorFields(thrown: unknown) {
  return { message: messageOf(thrown), stack: thrown instanceof Error ? thrown.stack : undefined };
}
