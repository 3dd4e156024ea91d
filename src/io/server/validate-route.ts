import type { FastifyReply } from 'fastify';
import { type AnswerContext, answerRequest } from '../../core/admission/answer.ts';
import { type AdmissionRequest, parseAdmissionReview } from '../../core/admission/review.ts';
import type { Answer } from '../../core/admission/verdict.ts';
import { SekishoError } from '../../core/error.ts';
import { excessOf, uidInHead } from './body-guard.ts';
import type { Call, Conclusion } from './conclusion.ts';
import { refuse } from './refusal.ts';
import { cutManagedFields } from './review-text.ts';

/** POST /validate: bytes in, verdict out. Everything between parsing and answering is core's. */
export function createValidation(context: AnswerContext, conclusion: Conclusion) {
  return (reply: FastifyReply, body: Buffer): void => {
    const started = performance.now();
    const excess = excessOf(body);
    if (excess !== undefined) {
      answerUnparsed(reply, body, `the object is ${excess}`);
      return;
    }
    const review = parseBody(body);
    if (typeof review === 'string') refuse(reply, { status: 400, message: review });
    else judge({ reply, review, started });
  };

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
    conclusion.unparsed(reply, uid, message);
  }
}

/** The review, or why it is none. */
function parseBody(body: Buffer): AdmissionRequest | string {
  try {
    return parseAdmissionReview(JSON.parse(cutManagedFields(body).toString()));
  } catch (thrown) {
    // The parser's own message quotes the body; a caller is shown only what we say.
    return thrown instanceof SekishoError ? thrown.message : 'not an AdmissionReview: the body is not JSON';
  }
}
