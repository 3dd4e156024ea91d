import { mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { type Outcome, runProgram } from '../drivers/program.ts';
import { describeCase, sharedCluster } from '../harness/case.ts';
import { chartFolder, helmOutput } from '../harness/helm.ts';
import { helmProgram } from '../harness/helm-program.ts';
import { sekishoEnvironment, sekishoProgram } from '../harness/sekisho-program.ts';

/** A chart with a subchart, a template of two documents, and values that decide. */
const chart: Readonly<Record<string, string>> = {
  'Chart.yaml': 'apiVersion: v2\nname: web\nversion: 0.1.0\n',
  'values.yaml': 'hostNetwork: false\nhostPID: false\n',
  'host.yaml': 'hostNetwork: true\n',
  'templates/deployment.yaml': `{{- /* gone when rendered */}}
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}-web, namespace: {{ .Release.Namespace }}}
spec:
  template:
    spec:
      hostNetwork: {{ .Values.hostNetwork }}
      containers: [{name: app, image: x}]
---
apiVersion: v1
kind: Pod
metadata: {name: second}
spec: {hostPID: {{ .Values.hostPID }}, containers: [{name: app, image: x}]}
`,
  'templates/newer.yaml': `{{- if semverCompare ">=1.33-0" .Capabilities.KubeVersion.Version }}
apiVersion: v1
kind: Pod
metadata: {name: newer}
spec: {hostIPC: true, containers: [{name: app, image: x}]}
{{- end }}
`,
  'charts/sub/Chart.yaml': 'apiVersion: v2\nname: sub\nversion: 0.1.0\n',
  'charts/sub/templates/pod.yaml': `apiVersion: v1
kind: Pod
metadata: {name: sub}
spec: {hostIPC: true, containers: [{name: app, image: x}]}
`,
};

const kustomization: Readonly<Record<string, string>> = {
  'kustomization.yaml': 'namePrefix: built-\nresources: [pod.yaml]\n',
  'pod.yaml':
    'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {hostPID: true, containers: [{name: a, image: x}]}\n',
};

interface Finding {
  readonly file: string;
  readonly line: number;
  readonly source?: string;
  readonly rendered?: true;
  readonly path: string;
  readonly object: { readonly name: string; readonly namespace: string };
}

let folder: string;
let path: string;

async function write(name: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name, file)), { recursive: true });
    await writeFile(join(folder, name, file), text);
  }
}

/** `sekisho check` where helm and kubectl are on the PATH, in the folder of the chart. */
function check(args: readonly string[], stdin = ''): Promise<Outcome> {
  const env = { ...sekishoEnvironment(join(folder, 'home')) };
  env['PATH'] = [path, env['PATH']].join(delimiter);
  return runProgram(sekishoProgram, ['check', '-p', 'builtin:baseline', ...args], { env, cwd: folder, stdin });
}

async function findings(args: readonly string[]): Promise<readonly Finding[]> {
  const { stdout, stderr } = await check([...args, '-o', 'json']);
  expect(stderr).toBe('');
  return (JSON.parse(stdout) as { readonly findings: readonly Finding[] }).findings;
}

describeCase('check renders', ['helm'], () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(sharedCluster().folder, 'check-rendered-'));
    path = join(folder, 'programs');
    await mkdir(path);
    await symlink(await helmProgram(), join(path, 'helm'));
    await symlink(sharedCluster().kubectl, join(path, 'kubectl'));
    await write('web', chart);
    await write('prod', kustomization);
  });

  test('charts, with values, a release, a namespace and a version of Kubernetes', async () => {
    const plain = await findings(['--helm', 'web', '--kube-version', '1.30.0']);
    expect(plain.map(({ object, source }) => [object.name, source])).toEqual([
      ['sub', 'web/charts/sub/templates/pod.yaml'],
    ]);
    const args = [
      '--helm',
      'web',
      '-f',
      'web/host.yaml',
      '--set',
      'hostPID=true',
      '--release-name',
      'live',
      '-n',
      'shop',
    ];
    const found = await findings([...args, '--kube-version', '1.36.0']);
    expect(new Set(found.map(({ object, source }) => `${object.namespace}/${object.name} ${source}`))).toEqual(
      new Set([
        'shop/sub web/charts/sub/templates/pod.yaml',
        'shop/live-web web/templates/deployment.yaml',
        'shop/second web/templates/deployment.yaml',
        'shop/newer web/templates/newer.yaml',
      ]),
    );
    expect(new Set(found.map(({ file, rendered }) => `${file} ${rendered}`))).toEqual(new Set(['web true']));
  });

  test('lines are those of what helm prints, which may as well come from a file or a pipe', async () => {
    const text = await helmOutput(['template', join(folder, 'web'), '--set', 'hostNetwork=true']);
    const direct = await findings(['--helm', 'web', '--set', 'hostNetwork=true']);
    for (const { line, path: field } of direct) {
      expect(text.split('\n')[line - 1]).toContain(field.split('.').at(-1));
    }
    expect(direct.length).toBeGreaterThan(1);
    await writeFile(join(folder, 'saved.yaml'), text);
    const saved = await findings(['saved.yaml']);
    const places = (all: readonly Finding[]) => all.map(({ line, source, path: field }) => [line, source, field]);
    expect(places(saved)).toEqual(places(direct));
    const piped = await check(['-'], text);
    expect(piped.stdout).toMatch(/ {4}web\/templates\/deployment.yaml \(rendered line \d+\) +deny /);
  });

  test("what helm refuses is said in helm's words, and the rest is judged", async () => {
    await write('broken', { ...chart, 'templates/deployment.yaml': '{{ .Values.none.deeper }}\n' });
    const { code, stdout, stderr } = await check(['--helm', 'broken', '--helm', 'web']);
    expect(code).toBe(2);
    expect(stderr).toContain('sekisho: broken: helm template failed (exit status 1)\n');
    expect(stderr).toMatch(/^ {2}.*nil pointer evaluating interface \{\}\.deeper/m);
    expect(stdout).toContain('Pod default/sub');
    const option = await check(['--helm', '--post-renderer=false']);
    expect([option.code, option.stderr]).toEqual([2, expect.stringContaining('sekisho: --post-renderer=false: helm')]);
  });

  test('kustomizations, by kubectl where kustomize is not there', async () => {
    const found = await findings(['--kustomize', 'prod']);
    expect(found.map(({ file, object, rendered, source }) => [file, object.name, rendered, source])).toEqual([
      ['prod', 'built-a', true, undefined],
    ]);
    expect((await check(['--kustomize', 'prod'])).stdout).toMatch(
      / {4}prod \(rendered line \d+\) {2}deny {2}spec.hostPID/,
    );
    const { code, stderr } = await check(['--kustomize', 'web']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^sekisho: web: kubectl kustomize failed \(exit status 1\)\n {2}.*kustomization/);
  });

  test('the labels of a Namespace that was rendered tighten the policy', async () => {
    await write('labelled', {
      ...kustomization,
      'kustomization.yaml': 'namespace: shop\nresources: [namespace.yaml, pod.yaml]\n',
      'namespace.yaml':
        'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {pod-security.kubernetes.io/enforce: restricted}}\n',
    });
    const paths = (await findings(['--kustomize', 'labelled'])).map(({ path: field }) => field);
    expect(paths).toContain('spec.hostPID');
    expect(paths.some((field) => field.endsWith('runAsNonRoot'))).toBe(true);
  });

  test('its own chart, whose pods pass its own policy at restricted', async () => {
    const { code, stdout } = await check(['--helm', chartFolder, '-n', 'sekisho', '-p', 'builtin:restricted']);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^Checked \d\d objects: no violations\.\n$/)]);
  });
});
