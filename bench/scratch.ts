import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeLoopbackCertificate } from '../e2e/harness/loopback-certificate.ts';

/** A folder for one run, with the certificate that all servers show. */
export interface Scratch extends AsyncDisposable {
  readonly folder: string;
  readonly cert: string;
  readonly key: string;
  /** PEM. */
  readonly certificate: string;
}

export async function makeScratch(): Promise<Scratch> {
  const folder = await mkdtemp(join(tmpdir(), 'sekisho-bench-'));
  const { certificate, key } = makeLoopbackCertificate();
  const files = { cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key') };
  await writeFile(files.cert, certificate);
  await writeFile(files.key, key, { mode: 0o600 });
  return {
    folder,
    ...files,
    certificate,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
