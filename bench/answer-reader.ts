/** What must be true of every answer of a target. */
export interface Expectation {
  readonly allowed: boolean;
  /** Stands in the message, so that nobody is fast by saying less. */
  readonly message?: RegExp;
}

const headEnd = Buffer.from('\r\n\r\n');
const lastChunk = Buffer.from('\r\n0\r\n\r\n');
const verdicts = { true: Buffer.from('"allowed":true'), false: Buffer.from('"allowed":false') } as const;

/** One answer in so many is parsed and looked at as a whole. */
const parsedEvery = 64;

/**
 * Reads answers of HTTP/1.1, one at a time, as cheaply as can be: the generator must not be what is measured.
 * Returns whether the answer is complete; throws where it is not the one that is due.
 */
export function createAnswerReader(expectation: Expectation) {
  const verdict = verdicts[expectation.allowed ? 'true' : 'false'];
  let pending: Buffer | undefined;
  let count = 0;
  return (chunk: Buffer, uid: string): boolean => {
    const data = pending === undefined ? chunk : Buffer.concat([pending, chunk]);
    if (!isComplete(data)) {
      pending = data;
      return false;
    }
    pending = undefined;
    if (data.toString('latin1', 9, 12) !== '200' || !data.includes(verdict))
      throw wrong(data, 'wrong status or verdict');
    if (count++ % parsedEvery === 0) inspect(data, uid, expectation);
    return true;
  };
}

function isComplete(data: Buffer): boolean {
  const end = data.indexOf(headEnd);
  if (end < 0) return false;
  const head = data.toString('latin1', 0, end);
  const length = /content-length: (\d+)/i.exec(head);
  if (length === null) return data.subarray(-lastChunk.length).equals(lastChunk);
  const complete = end + headEnd.length + Number(length[1]);
  if (data.length > complete) throw wrong(data, 'more than one answer');
  return data.length === complete;
}

interface AdmissionReview {
  readonly kind?: unknown;
  readonly response?: {
    readonly uid?: unknown;
    readonly allowed?: unknown;
    readonly status?: { readonly message?: string };
  };
}

function inspect(data: Buffer, uid: string, { allowed, message }: Expectation): void {
  const { kind, response } = JSON.parse(bodyOf(data)) as AdmissionReview;
  if (kind !== 'AdmissionReview' || response?.uid !== uid) throw wrong(data, 'not the answer of this review');
  if (response.allowed !== allowed) throw wrong(data, 'wrong verdict');
  if (message !== undefined && !message.test(response.status?.message ?? '')) throw wrong(data, 'wrong message');
}

function bodyOf(data: Buffer): string {
  const end = data.indexOf(headEnd);
  const body = data.subarray(end + headEnd.length);
  return /transfer-encoding: chunked/i.test(data.toString('latin1', 0, end)) ? dechunked(body) : body.toString();
}

function dechunked(body: Buffer): string {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const lineEnd = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.toString('latin1', at, lineEnd), 16);
    if (lineEnd < 0 || !(size > 0)) break;
    parts.push(body.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
  return Buffer.concat(parts).toString();
}

function wrong(data: Buffer, problem: string): Error {
  return new Error(`${problem}: ${data.toString('utf8', 0, 400)}`);
}
