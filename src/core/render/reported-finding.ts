import type { Finding } from '../engine/decision.ts';
import type { Locale } from '../locale.ts';
import type { Excuse } from '../policy/exceptions.ts';
import { printable } from './escape.ts';
import { findingMessage, findingPath } from './finding-text.ts';

/** What every report for programs says of a finding; they rely on it. */
export interface ReportedFinding {
  readonly container?: string;
  readonly path: string;
  readonly rule: string;
  readonly policy: string;
  readonly mode: string;
  readonly message: string;
  /** What excuses it: then its mode leads to nothing. */
  readonly exception?: Excuse;
}

export function toReportedFinding(finding: Finding, locale: Locale): ReportedFinding {
  const { container, rule, policy, mode, exception } = finding;
  return {
    ...(container === undefined ? {} : { container: printable(container, 63) }),
    path: findingPath(finding),
    rule: rule.id,
    policy,
    mode,
    message: findingMessage(finding, locale),
    ...(exception && { exception }),
  };
}
