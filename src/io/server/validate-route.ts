import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Answer, type AnswerContext, answerRequest } from '../../core/admission/answer.ts';
import { type AdmissionRequest, parseAdmissionReview } from '../../core/admission/review.ts';
import { SekishoError } from '../../core/error.ts';
import { excessOf, uidInHead } from './body-guard.ts';
import type { Call, Conclusion } from './conclusion.ts';
import { validatePath } from './gate.ts';
import { refuse } from './refusal.ts';

/** POST /validate: bytes in, verdict out. Everything between parsing and answering is core's. */
export function addValidateRoute(app: FastifyInstance, context: AnswerContext, conclusion: Conclusion): void {
  app.post(validatePath, (request: FastifyRequest, reply: FastifyReply) => {
    const started = performance.now();
    const body = bodyOf(request);
    const excess = excessOf(body);
    if (excess !== undefined) {
      answerUnparsed(reply, body, `the object is ${excess}`);
      return;
    }
    const review = parseBody(body);
    if (typeof review === 'string') {
      refuse(reply, { status: 400, message: review });
      return;
    }
    reply.hijack();
    judge({ reply, review, started });
  });

  function judge(call: Call): void {
    let answer: Answer | Promise<Answer>;
    try {
      answer = answerRequest(call.review, context);
    } catch (thrown) {
      conclusion.failed(call, thrown);
      return;
    }
    if (answer instanceof Promise) {
      answer.then(
        (settled) => conclusion.judged(call, settled),
        (thrown: unknown) => conclusion.failed(call, thrown),
      );
    } else conclusion.judged(call, answer);
  }

  /** A verdict, because only the API server writes such a head; anybody else is told that this is no review. */
  function answerUnparsed(reply: FastifyReply, body: Buffer, message: string): void {
    const uid = uidInHead(body);
    if (uid === undefined) {
      refuse(reply, { status: 400, message: `not an AdmissionReview: ${message}` });
      return;
    }
    reply.hijack();
    conclusion.unparsed(reply, uid, message);
  }
}

const nothing = Buffer.alloc(0);

function bodyOf({ body }: FastifyRequest): Buffer {
  return Buffer.isBuffer(body) ? body : nothing;
}

/** The review, or why it is none. */
function parseBody(body: Buffer): AdmissionRequest | string {
  try {
    return parseAdmissionReview(JSON.parse(body.toString()));
  } catch (thrown) {
    // The parser's own message quotes the body; a caller is shown only what we say.
    return thrown instanceof SekishoError ? thrown.message : 'not an AdmissionReview: the body is not JSON';
  }
}
