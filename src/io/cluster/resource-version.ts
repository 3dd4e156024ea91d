/**
 * Whether one resourceVersion of a collection is another or came after it. Kubernetes promises by now that they are
 * decimal numbers in order (KEP-5504); they may be beyond 2^53. Of any other nothing is known, and the answer is yes.
 */
export function isAtLeast(version: string, other: string): boolean {
  if (!/^\d+$/.test(version) || !/^\d+$/.test(other)) return true;
  return version.length === other.length ? version >= other : version.length > other.length;
}
