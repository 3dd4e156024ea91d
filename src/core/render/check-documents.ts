import type { Locale } from '../locale.ts';
import { apiVersion } from '../policy/pod-policy.ts';
import type { CheckFormat } from './check-format.ts';
import { type CheckResult, toCheckedFindings } from './check-result.ts';
import { summaryOf } from './check-tally.ts';
import { renderJson } from './json.ts';

const kind: CheckResult['kind'] = 'CheckResult';

/*
 * One document for programs, written piece by piece: each piece is cut out of a small document that is rendered whole, so
 * that the pieces together are what rendering all at once would give.
 */

export function jsonFormat(locale: Locale): CheckFormat {
  const head = renderJson({ apiVersion, kind, findings: [] });
  return {
    head: cut(head, '', ']\n}\n'),
    object: (object) =>
      cut(renderJson({ findings: toCheckedFindings(object, locale) }), '{\n  "findings": [', '\n  ]\n}\n'),
    between: { objects: ',', files: ',' },
    foot(tally, any) {
      const summary = cut(renderJson({ summary: summaryOf(tally) }), '{\n', '');
      return `${any ? '\n  ' : ''}],\n${summary}`;
    },
  };
}

/** How YAML is rendered is loaded only by whoever wants it. */
export function yamlFormat(locale: Locale, renderYaml: (value: unknown) => string): CheckFormat {
  return {
    head: `${renderYaml({ apiVersion, kind })}findings:`,
    object: (object) => cut(renderYaml({ findings: toCheckedFindings(object, locale) }), 'findings:', '\n'),
    between: { objects: '', files: '' },
    foot: (tally, any) => `${any ? '' : ' []'}\n${renderYaml({ summary: summaryOf(tally) })}`,
  };
}

/** A text without its beginning and end, which are known. */
function cut(text: string, beginning: string, end: string): string {
  return text.slice(beginning.length, text.length - end.length);
}
