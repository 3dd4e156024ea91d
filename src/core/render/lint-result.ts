import { type FieldPath, formatFieldPath } from '../pod/field-path.ts';
import { apiVersion } from '../policy/pod-policy.ts';
import { alignColumns } from './columns.ts';
import { printable } from './escape.ts';
import { renderJson } from './json.ts';
import { paint, type TableStyle } from './table.ts';

/** Something that lint has to say, and where. */
export interface LintRemark {
  readonly severity: 'error' | 'warning';
  readonly file: string;
  /** Absent where a file as a whole cannot be read. */
  readonly position?: { readonly line: number; readonly column: number };
  /** `PodPolicy/production`, as far as the document says. */
  readonly object?: string;
  readonly path: FieldPath;
  /** A word for programs; errors have none. */
  readonly reason?: string;
  readonly message: string;
}

/** What linting came to. */
export interface LintOutcome {
  readonly documents: number;
  readonly remarks: readonly LintRemark[];
}

export function countRemarks({ remarks }: LintOutcome, severity: LintRemark['severity']): number {
  return remarks.filter((remark) => remark.severity === severity).length;
}

/** For programs. */
export function renderLintJson(outcome: LintOutcome): string {
  const remarks = outcome.remarks.map(({ severity, file, position, object, path, reason, message }) => ({
    severity,
    file,
    ...position,
    ...(object !== undefined && { object }),
    field: formatFieldPath(path),
    ...(reason !== undefined && { reason }),
    message,
  }));
  const summary = {
    documents: outcome.documents,
    errors: countRemarks(outcome, 'error'),
    warnings: countRemarks(outcome, 'warning'),
  };
  return renderJson({ apiVersion, kind: 'LintResult', summary, remarks });
}

const colors = { error: 31, warning: 33 } as const;

/** For people: a line each, then the sum. */
export function renderLintTable(outcome: LintOutcome, style: Pick<TableStyle, 'color'>): string {
  const rows = alignColumns(outcome.remarks.map(rowOf)).map((line, index) => {
    const severity = outcome.remarks[index]?.severity ?? 'error';
    return line.replace(`  ${severity}`, `  ${paint(severity, colors[severity], style)}`);
  });
  const counts = [
    count(countRemarks(outcome, 'error'), 'error'),
    count(countRemarks(outcome, 'warning'), 'warning'),
  ].join(', ');
  return [...rows, ...(rows.length > 0 ? [''] : []), `${counts} in ${count(outcome.documents, 'document')}.`, ''].join(
    '\n',
  );
}

function rowOf({ severity, file, position, path, message }: LintRemark): readonly string[] {
  const place = position === undefined ? '' : `:${position.line}:${position.column}`;
  const field = path.length === 0 ? '' : `${formatFieldPath(path)}: `;
  return [`${printable(file, 1024)}${place}`, severity, printable(`${field}${message}`, 4096)];
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
