import { expect, test } from 'vitest';
import { auditEvents } from '../harness/audit-log.ts';
import { describeCase } from '../harness/case.ts';
import { kubectl, kubectlOutput } from '../harness/kubectl.ts';
import { readManifests } from '../harness/manifests.ts';
import { apiServerMetrics } from '../harness/metrics.ts';
import { createNamespace } from '../harness/namespace.ts';

const manifests = readManifests(import.meta.filename);
const restricted = { 'pod-security.kubernetes.io/enforce': 'restricted' };

describeCase('the API server', [], () => {
  test('answers that it is ready', async () => {
    expect(await kubectlOutput(['get', '--raw', '/readyz'])).toBe('ok');
  });

  test('has the minor version of kubectl', async () => {
    interface Versions {
      readonly clientVersion: { readonly major: string; readonly minor: string };
      readonly serverVersion: { readonly major: string; readonly minor: string };
    }
    const { stdout, stderr } = await kubectl(['version', '-o', 'json']);
    const { clientVersion, serverVersion } = JSON.parse(stdout) as Versions;
    expect(stderr).toBe('');
    expect([clientVersion.major, clientVersion.minor]).toEqual([serverVersion.major, serverVersion.minor]);
  });

  test('creates a pod in a dry run and does not keep it', async () => {
    const namespace = await createNamespace(restricted);
    const args = ['-n', namespace, 'create', '--dry-run=server', '-f', '-', '-o', 'name'];
    expect(await kubectlOutput(args, { stdin: manifests.object('Pod/compliant') })).toBe('pod/compliant\n');
    expect(await kubectlOutput(['-n', namespace, 'get', 'pods', '-o', 'name'])).toBe('');
  });

  test('denies a privileged pod by its own PodSecurity admission where the labels ask for it', async () => {
    const open = await createNamespace();
    const closed = await createNamespace(restricted);
    const create = (namespace: string) =>
      kubectl(['-n', namespace, 'create', '-f', '-'], { stdin: manifests.object('Pod/privileged') });
    expect(await create(open)).toMatchObject({ code: 0 });
    const refused = await create(closed);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('violates PodSecurity "restricted:latest": privileged');
  });

  test('lets the tenant do nothing unless it is granted', async () => {
    const namespace = await createNamespace();
    const list = () => kubectl(['-n', namespace, 'get', 'pods'], { user: 'tenant' });
    expect((await list()).stderr).toContain('pods is forbidden: User "tenant" cannot list resource "pods"');
    await kubectlOutput(['-n', namespace, 'create', 'role', 'look', '--verb=list', '--resource=pods']);
    await kubectlOutput(['-n', namespace, 'create', 'rolebinding', 'look', '--role=look', '--user=tenant']);
    expect(await list()).toMatchObject({ code: 0 });
  });

  test('counts what its webhooks do', async () => {
    const metrics = await apiServerMetrics();
    expect(metrics.rejections('nobody.sekisho.dev')).toBe(0);
    expect(metrics.failedOpen('nobody.sekisho.dev')).toBe(0);
  });
});

describeCase('the audit log', ['auditLog'], () => {
  test('carries what admission noted', async () => {
    const namespace = await createNamespace(restricted);
    await kubectl(['-n', namespace, 'create', '-f', '-'], { stdin: manifests.object('Pod/privileged') });
    const [event] = await auditEvents({ verb: 'create', resource: 'pods', subresource: '', namespace });
    expect(event?.responseStatus?.code).toBe(403);
    expect(event?.annotations).toMatchObject({ 'pod-security.kubernetes.io/enforce-policy': 'restricted:latest' });
  });
});
