import { SekishoError } from '../error.ts';

/** The only version that is asked and answered in. */
export const admissionApiVersion = 'admission.k8s.io/v1';

/** What requests do to objects. */
export const operations = ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'] as const;

/** What a request does to an object. */
export type Operation = (typeof operations)[number];

/** How an API server names a kind. */
export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** What the API server asks: the parts of `admission.k8s.io/v1` AdmissionRequest that a verdict may depend on. */
export interface AdmissionRequest {
  readonly uid: string;
  readonly kind: GroupVersionKind;
  readonly group: string;
  readonly resource: string;
  readonly subResource: string;
  /** The request's namespace, never the object's: an object may claim any. */
  readonly namespace: string;
  readonly name: string;
  readonly operation: Operation;
  readonly username: string;
  readonly groups: readonly string[];
  readonly dryRun: boolean;
  /** Whatever was sent; nothing in it is checked yet. */
  readonly object: unknown;
  readonly oldObject: unknown;
}

/**
 * Reads the envelope. Throws `ReviewMalformed` naming the field: whoever sends that is not an API server.
 * Only `admission.k8s.io/v1` is accepted, so a v1beta1 caller is never answered in a version it does not read.
 */
export function parseAdmissionReview(document: unknown): AdmissionRequest {
  const review = objectIn({ '': document }, '', 'the body');
  literalIn(review, 'apiVersion', admissionApiVersion);
  literalIn(review, 'kind', 'AdmissionReview');
  const request = objectIn(review, 'request', 'request');
  const kind = objectIn(request, 'kind', 'request.kind');
  const resource = objectIn(request, 'resource', 'request.resource');
  const user = userIn(request);
  return {
    uid: uidIn(request),
    kind: {
      group: optionalTextIn(kind, 'group', 'request.kind.group'),
      version: optionalTextIn(kind, 'version', 'request.kind.version'),
      kind: textIn(kind, 'kind', 'request.kind.kind'),
    },
    group: optionalTextIn(resource, 'group', 'request.resource.group'),
    resource: textIn(resource, 'resource', 'request.resource.resource'),
    subResource: optionalTextIn(request, 'subResource', 'request.subResource'),
    namespace: optionalTextIn(request, 'namespace', 'request.namespace'),
    name: optionalTextIn(request, 'name', 'request.name'),
    operation: operationIn(request),
    username: optionalTextIn(user, 'username', 'request.userInfo.username'),
    groups: groupsIn(user),
    dryRun: dryRunIn(request),
    object: request['object'],
    oldObject: request['oldObject'],
  };
}

type JsonObject = Readonly<Record<string, unknown>>;

/** Own properties only: `{"__proto__": …}` in JSON is a field like any other, and so is `constructor`. */
function fieldOf(object: JsonObject, field: string): unknown {
  return Object.hasOwn(object, field) ? object[field] : undefined;
}

function objectIn(parent: JsonObject, field: string, path: string): JsonObject {
  const value = fieldOf(parent, field);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw malformed(path, value === undefined || value === null ? 'is missing' : 'must be an object');
}

function textIn(parent: JsonObject, field: string, path: string): string {
  const value = optionalTextIn(parent, field, path);
  if (value === '') throw malformed(path, 'is missing');
  return value;
}

function optionalTextIn(parent: JsonObject, field: string, path: string): string {
  const value = fieldOf(parent, field) ?? '';
  if (typeof value === 'string') return value;
  throw malformed(path, 'must be a string');
}

/** A UUID in practice. It is echoed, so it must not hold what a text of ours gives a meaning (`crossMark`). */
function uidIn(request: JsonObject): string {
  const value = textIn(request, 'uid', 'request.uid');
  if (!/\p{Cc}/u.test(value)) return value;
  throw malformed('request.uid', 'must not hold control characters');
}

function literalIn(parent: JsonObject, field: string, expected: string): void {
  if (textIn(parent, field, field) !== expected) throw malformed(field, `must be ${expected}`);
}

function operationIn(request: JsonObject): Operation {
  const value = textIn(request, 'operation', 'request.operation');
  const known = operations.find((operation) => operation === value);
  if (known !== undefined) return known;
  throw malformed('request.operation', `must be one of ${operations.join(', ')}`);
}

function dryRunIn(request: JsonObject): boolean {
  const value = fieldOf(request, 'dryRun') ?? false;
  if (typeof value === 'boolean') return value;
  throw malformed('request.dryRun', 'must be true or false');
}

function userIn(request: JsonObject): JsonObject {
  const value = fieldOf(request, 'userInfo');
  return value === undefined || value === null ? {} : objectIn(request, 'userInfo', 'request.userInfo');
}

/** No identity provider names more; they are compared one by one. */
const mostGroups = 10_000;

const groupsPath = 'request.userInfo.groups';

function groupsIn(user: JsonObject): readonly string[] {
  const value = fieldOf(user, 'groups') ?? [];
  if (!Array.isArray(value)) throw malformed(groupsPath, 'must be a list of strings');
  if (value.length > mostGroups) throw malformed(groupsPath, `must not have more than ${mostGroups} items`);
  const odd = value.findIndex((group) => typeof group !== 'string');
  if (odd >= 0) throw malformed(`${groupsPath}[${odd}]`, 'must be a string');
  return value;
}

function malformed(path: string, problem: string): SekishoError<'ReviewMalformed'> {
  return new SekishoError('ReviewMalformed', `not an AdmissionReview: ${path} ${problem}`);
}
