/**
 * The texts of `Warning` headers, RFC 9111 §5.5: `299 - "text"`, several in one line or in lines of their own. Node
 * reads header bytes as Latin-1; the API server writes UTF-8.
 */
export function parseWarnings(lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) =>
    [...line.matchAll(/\b\d{3} \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, quoted = '']) =>
      Buffer.from(quoted.replaceAll(/\\(.)/g, '$1'), 'latin1').toString('utf8'),
    ),
  );
}
