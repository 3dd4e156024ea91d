import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createMetrics } from '../../../src/io/metrics.ts';
import { createProbeServer } from '../../../src/io/server/probe-server.ts';

let unready: string | undefined;
const metrics = createMetrics({ version: '0', inflight: () => 0 });
const probes = createProbeServer({ metrics, unreadiness: () => unready });
let url: string;
beforeAll(async () => {
  url = `http://127.0.0.1:${await probes.listen({ host: '127.0.0.1', port: 0 })}`;
});
afterAll(() => probes.close());

describe('the probe port', () => {
  test('says that the process lives, also while it is not ready', async () => {
    unready = 'stopping';
    expect((await fetch(`${url}/livez`)).status).toBe(200);
  });

  test('is ready unless there is a reason, and names it', async () => {
    unready = undefined;
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    unready = 'stopping';
    const answer = await fetch(`${url}/readyz?verbose`);
    expect([answer.status, await answer.text()]).toEqual([503, 'stopping\n']);
  });

  test('shows the metrics as Prometheus reads them', async () => {
    const answer = await fetch(`${url}/metrics`);
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(await answer.text()).toContain('sekisho_build_info');
  });

  test.each([
    ['GET', '/', 404],
    ['GET', '/validate', 404],
    ['GET', '/../etc/passwd', 404],
    ['POST', '/metrics', 405],
    ['DELETE', '/livez', 405],
    ['HEAD', '/readyz', 503],
  ])('answers %s %s with %i', async (method, path, status) => {
    unready = 'stopping';
    expect((await fetch(url + path, { method })).status).toBe(status);
  });

  test('that is taken is an error with the port', async () => {
    const other = createProbeServer({ metrics, unreadiness: () => undefined });
    const port = Number(new URL(url).port);
    await expect(other.listen({ host: '127.0.0.1', port })).rejects.toThrow(`port ${port}`);
  });
});
