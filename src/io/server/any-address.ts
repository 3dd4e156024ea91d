import { createServer } from 'node:net';

/** The address that means all of them: of IPv6, which takes IPv4 as well, unless the machine has none. */
export function anyAddress(): Promise<string> {
  return new Promise((resolve) => {
    const attempt = createServer();
    attempt.once('error', () => resolve('0.0.0.0'));
    attempt.listen(0, '::', () => attempt.close(() => resolve('::')));
  });
}
