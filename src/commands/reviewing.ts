import { type AnswerContext, answerRequest } from '../core/admission/answer.ts';
import { type AdmissionResponse, formatAdmissionReview, malformedResponse } from '../core/admission/response.ts';
import { type AdmissionRequest, parseAdmissionReview } from '../core/admission/review.ts';
import { messageOf, SekishoError } from '../core/error.ts';
import { valueAt } from '../core/pod/field-path.ts';
import { createWorkloads } from '../core/pod/workloads.ts';
import { createNamespaces } from '../core/policy/namespace.ts';
import { createPolicySet } from '../core/policy/policy-set.ts';
import { printable } from '../core/render/escape.ts';
import { createJsonSplitter, type JsonDocument } from '../io/files/json-documents.ts';
import { readNamespaceLabels } from '../io/files/namespaces.ts';
import { readPolicies, warnOnStderr } from '../io/files/policies.ts';
import { offline } from '../io/offline.ts';
import { writeOutput } from '../io/output.ts';
import { warnOfIdleExceptions } from './idle-exceptions.ts';
import type { ReviewOptions } from './review.ts';
import { readSettings } from './settings.ts';

/** Answers every review of a stream. Returns the exit status. */
export async function review(input: AsyncIterable<Uint8Array>, options: ReviewOptions): Promise<number> {
  const objects = await readPolicies(options.policy ?? []);
  warnOfIdleExceptions(objects, warnOnStderr);
  const policies = createPolicySet({ ...objects, ceiling: 'Enforce' });
  const { namespaceLabels } = options;
  const namespaces = createNamespaces(
    namespaceLabels === undefined ? new Map() : await readNamespaceLabels(namespaceLabels),
  );
  const workloads = createWorkloads((await readSettings(options.config)).workloadKinds);
  const context: AnswerContext = { policies, ...offline, namespaces, locale: options.lang, workloads };
  const splitter = createJsonSplitter();
  const decoder = new TextDecoder();
  let status = 0;
  const answerAll = async (documents: Iterable<JsonDocument>): Promise<void> => {
    let answers = '';
    for (const document of documents) {
      const { response, problem } = await answerDocument(document, context);
      answers += `${formatAdmissionReview(response)}\n`;
      if (problem !== undefined) {
        // A broken document is the sender's fault, and is named before one that is ours.
        if (status !== 2) status = problem.status;
        process.stderr.write(`sekisho: line ${document.line}: ${printable(problem.message, 1024)}\n`);
      }
      if (answers.length < longestBatch) continue;
      await writeOutput(answers);
      answers = '';
    }
    await writeOutput(answers);
  };
  for await (const chunk of input) await answerAll(splitter.push(decoder.decode(chunk, { stream: true })));
  const rest = decoder.decode();
  if (rest !== '') await answerAll(splitter.push(rest));
  await answerAll(splitter.end());
  return status;
}

/** Enough for one write to be worth it; answers never wait for the next chunk of input. */
const longestBatch = 64 * 1024;

interface Answered {
  readonly response: AdmissionResponse;
  readonly problem?: { readonly status: 2 | 3; readonly message: string };
}

async function answerDocument(document: JsonDocument, context: AnswerContext): Promise<Answered> {
  const read = readRequest(document);
  if ('message' in read) {
    return { response: malformedResponse(read.uid, read.message), problem: { status: 2, message: read.message } };
  }
  try {
    const { response } = await answerRequest(read.request, context);
    return { response };
  } catch (thrown) {
    // A defect of ours: it must not pass the pod, nor keep the reviews behind it from their answers.
    const message = `the review could not be judged: ${messageOf(thrown)}`;
    const response = { uid: read.request.uid, allowed: false, status: { code: 500, message } };
    return { response, problem: { status: 3, message } };
  }
}

type RequestRead = { readonly request: AdmissionRequest } | { readonly uid: string; readonly message: string };

function readRequest({ text, offset, problem }: JsonDocument): RequestRead {
  if (problem !== undefined) {
    const at = problem.offset - offset;
    return { uid: uidInBroken(text.slice(0, at)), message: `not JSON: ${problem.message}, at character ${at}` };
  }
  const document: unknown = JSON.parse(text);
  try {
    return { request: parseAdmissionReview(document) };
  } catch (thrown) {
    if (!(thrown instanceof SekishoError)) throw thrown;
    const uid = valueAt(document, ['request', 'uid']);
    return { uid: typeof uid === 'string' ? uid : '', message: thrown.message };
  }
}

/** The API server writes the uid first, so that a review that was cut off can still be told from others. */
const uidPattern = /"request"\s*:\s*\{[^{}]*?"uid"\s*:\s*("(?:[^"\\]|\\["\\/bfnrtu])*")/;

function uidInBroken(text: string): string {
  const uid = uidPattern.exec(text)?.[1];
  if (uid === undefined) return '';
  try {
    return JSON.parse(uid) as string;
  } catch {
    return '';
  }
}
