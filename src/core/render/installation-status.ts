import type { ExceptionState } from '../policy/exception-state.ts';
import type { Mode } from '../policy/mode.ts';

/** What was read; or why not: whoever asks may not, or nobody answered as expected. */
export type Reading<Value> =
  | { readonly value: Value }
  | { readonly unknown: 'forbidden'; readonly needs: string }
  | { readonly unknown: 'failed'; readonly reason: string };

/** An installation as the API server shows it to whoever asks. */
export interface InstallationStatus {
  readonly namespace: string;
  /** What its objects are called. */
  readonly name: string;
  /** What Helm calls it. */
  readonly release: string;
  /** The ceiling of the installation. */
  readonly mode: Reading<Mode>;
  readonly processes: readonly ProcessStatus[];
  /** Its value is undefined where there is none. */
  readonly webhook: Reading<WebhookStatus | undefined>;
  readonly policies: {
    readonly files: Reading<readonly PolicyStatus[]>;
    readonly cluster: Reading<readonly PolicyStatus[]>;
  };
  readonly exceptions: Reading<readonly ExceptionStatus[]>;
}

/** One of the processes of an installation. */
export interface ProcessStatus {
  readonly component: 'serve' | 'controller';
  readonly deployment: string;
  /** Its value is undefined where there is no such Deployment. */
  readonly replicas: Reading<{ readonly ready: number; readonly wanted: number } | undefined>;
}

/** The live webhook configuration. */
export interface WebhookStatus {
  readonly configuration: string;
  readonly entries: readonly { readonly name: string; readonly failurePolicy: string }[];
  /** Each way to a pod, and why nobody is asked about it; no reason: somebody is. */
  readonly paths: readonly { readonly path: string; readonly open?: string }[];
  /** The namespaces that are never judged, as names and as expressions. */
  readonly excluded: readonly string[];
  /** Of the CA that is trusted longest; undefined where nobody is trusted. */
  readonly certificate?: { readonly notBefore: string; readonly notAfter: string };
}

/** A policy with what is said of it. */
export interface PolicyStatus {
  readonly name: string;
  readonly source: 'file' | 'cluster';
  readonly mode?: string;
  /** `restricted:latest`. */
  readonly level?: string;
  /** What it asks beside the Pod Security Standards. */
  readonly sections?: readonly string[];
  readonly namespaces?: string;
  /** Undefined where nobody has said so yet. */
  readonly ready?: boolean;
  readonly reason?: string;
  readonly message?: string;
  /** When the object was made; of a file it is not known. */
  readonly created?: string;
}

/** An exception with what is said of it. */
export interface ExceptionStatus {
  readonly name: string;
  readonly state: ExceptionState;
  readonly expiresAt: string;
  readonly owner?: string;
  readonly reason: string;
  /** Why it is refused. */
  readonly message?: string;
}

/** What was read; undefined where it was not. */
export function known<Value>(reading: Reading<Value>): Value | undefined {
  return 'value' in reading ? reading.value : undefined;
}

/** What could not be read. */
export function unknowns(status: InstallationStatus): readonly Exclude<Reading<unknown>, { value: unknown }>[] {
  const { mode, processes, webhook, policies, exceptions } = status;
  const readings = [
    mode,
    ...processes.map(({ replicas }) => replicas),
    webhook,
    policies.files,
    policies.cluster,
    exceptions,
  ];
  return readings.flatMap((reading: Reading<unknown>) => ('value' in reading ? [] : [reading]));
}
