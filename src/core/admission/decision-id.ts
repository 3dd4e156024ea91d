/**
 * The id of a decision: 64 bits in hexadecimal, made from the request's uid, which the API server draws anew for every
 * call. So webhook and `sekisho review` give the same request the same id, without a source of randomness.
 */
export function decisionId(uid: string): string {
  return hash(uid, 0x811c9dc5) + hash(uid, 0x9747b28c);
}

/** FNV-1a with a final avalanche; it names things, it protects nothing. */
function hash(text: string, seed: number): string {
  let value = seed;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return ((value ^ (value >>> 16)) >>> 0).toString(16).padStart(8, '0');
}
