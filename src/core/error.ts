/**
 * Every way in which this program itself can fail, as opposed to a pod that breaks a rule (a `Violation`) or a fact that
 * could not be had. The code is for programs, the message for people: it names the file, the field and the remedy.
 */
export type ErrorCode =
  | 'UsageInvalid'
  | 'SettingsInvalid'
  | 'PolicyInvalid'
  | 'FileUnreadable'
  | 'ManifestInvalid'
  | 'NamespaceUnreadable'
  | 'NamespaceAssumed'
  | 'ReviewMalformed'
  | 'PodMalformed'
  | 'NestedTooDeeply'
  | 'CertificateInvalid'
  | 'ServerFailed'
  | 'ClusterUnreachable'
  | 'ClusterRefused'
  | 'AnswerTooLong';

/** The only error class of the project. */
export class SekishoError<Code extends ErrorCode = ErrorCode> extends Error {
  readonly code: Code;

  constructor(code: Code, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'SekishoError';
    this.code = code;
  }
}

/** The message of anything that was thrown; never `JSON.stringify`, which prints `{}` for an Error. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
