/**
 * What one webhook takes at most. The API server sends objects of 3 MiB re-encoded with Go's HTML escaping, where `<`
 * takes six bytes: 8.4 MiB for a create, 17 MiB for an update.
 */
export interface Limits {
  readonly bodyBytes: number;
  readonly inflightRequests: number;
  readonly inflightBytes: number;
  /** How many of those bytes large bodies may take, so that a few announced giants never lock out ordinary reviews. */
  readonly inflightLargeBytes: number;
  readonly connections: number;
  /** Up to here there are places enough for everybody. */
  readonly connectionsUnpressed: number;
  /** What one address may hold when there are not, until it has sent a complete review. */
  readonly connectionsPerAddress: number;
  /** From here on whoever holds most pays for each new connection, so that `connections` is never reached. */
  readonly connectionsCrowded: number;
}

const mebibyte = 1024 * 1024;

export const standardLimits: Limits = {
  bodyBytes: 32 * mebibyte,
  inflightRequests: 1_500,
  inflightBytes: 64 * mebibyte,
  inflightLargeBytes: 48 * mebibyte,
  connections: 2_500,
  connectionsUnpressed: 1_250,
  connectionsPerAddress: 256,
  // Several hundred may be waiting to be accepted at one moment, and places get free only after that.
  connectionsCrowded: 2_000,
};

/** From here on a body is large: it is scanned before it is parsed, because parsing it may block the event loop. */
export const largeBodyBytes = 128 * 1024;

/**
 * Milliseconds. The API server reuses a connection for 90 s after its last request; closing it earlier than that is a
 * race it can lose. The others bound how long somebody may take to say what they want.
 */
export const timeouts = {
  keepAlive: 125_000,
  request: 10_000,
  headers: 5_000,
  handshake: 5_000,
  checkingInterval: 1_000,
} as const;
