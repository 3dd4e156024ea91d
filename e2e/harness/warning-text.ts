/** What kubectl prints of a `Warning` header: `299 - "text"`, quoted, in UTF-8, which Node.js reads as Latin-1. */
export function warningText(header: string): string {
  const quoted = /^299 \S+ "(.*)"$/s.exec(Buffer.from(header, 'latin1').toString())?.[1];
  if (quoted === undefined) throw new Error(`not a warning of an API server: ${header}`);
  return quoted.replace(/\\(.)/gs, '$1');
}
