import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { nearest } from '../../src/commands/explaining.ts';
import { podRules } from '../../src/core/rules/groups.ts';
import { namespaceRules } from '../../src/core/rules/index.ts';
import { run } from './running-sekisho.ts';

describe('sekisho explain', () => {
  test('lists every rule with level or section, severity and title', async () => {
    const { code, stdout } = await run(['explain']);
    expect(code).toBe(0);
    expect(stdout.split('\n')[0]).toMatch(/^RULE +LEVEL OR SECTION +SEVERITY +WHAT IT JUDGES$/);
    expect(stdout.trimEnd().split('\n')).toHaveLength(podRules.length + namespaceRules.length + 1);
    expect(stdout).toMatch(/^hostNamespaces +baseline +high +Host namespaces$/m);
    expect(stdout).toMatch(/^requireProbes +practices +medium +Required probes$/m);
  });

  test('says everything a rule says of itself, with manifests that can be applied', async () => {
    const { code, stdout } = await run(['explain', 'capabilities_restricted']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^capabilities_restricted: Dropped capabilities$/m);
    expect(stdout).toMatch(/^ {2}Versions: +since v1\.22, changed in v1\.25$/m);
    expect(stdout).toMatch(/^ {2}Speaks for: +capabilities_baseline$/m);
    expect(stdout).toMatch(/^Why\n {2}Capabilities are pieces of root\./m);
    expect(stdout).toMatch(/^ {2}Reference: +CIS Kubernetes Benchmark v1\.12: 5\.2\.8, 5\.2\.9$/m);
    expect(stdout).toMatch(/^In a policy \(spec\)\n {2}podSecurity:\n/m);
    expect(stdout).toMatch(/^What to change\n {2}Set capabilities\.drop/m);
    const manifest = stdout.slice(
      stdout.indexOf('  apiVersion: v1'),
      stdout.indexOf('\n\n', stdout.indexOf('  apiVersion: v1')),
    );
    expect(parseAllDocuments(manifest)[0]?.toJS()).toMatchObject({
      kind: 'Pod',
      spec: { containers: [{ name: 'app' }] },
    });
    expect(stdout).toContain('# denied for spec.containers[0].securityContext.capabilities.add[1]');
  });

  test('explains several rules, each once, in Japanese, labels too', async () => {
    const { stdout } = await run(['--lang', 'ja', 'explain', 'privileged', 'hostNamespaces', 'privileged']);
    expect(stdout.match(/^privileged: /gm)).toHaveLength(1);
    for (const text of [
      'hostNamespaces: ホストの名前空間',
      '深刻度:',
      '理由',
      '修正方法',
      '許可される例',
      '拒否される例',
      '# 違反: spec.hostPID',
    ]) {
      expect(stdout).toContain(text);
    }
  });

  test('is JSON for programs', async () => {
    const { stdout } = await run(['explain', 'hostNamespaces', '-o', 'json']);
    expect(JSON.parse(stdout)).toMatchObject({
      kind: 'RuleList',
      rules: [
        {
          id: 'hostNamespaces',
          level: 'baseline',
          versions: [{ since: 'v1.0' }],
          examples: { violating: [{ violates: ['spec.hostPID'] }, {}] },
        },
      ],
    });
    const { rules } = JSON.parse((await run(['explain', '-o', 'json'])).stdout);
    expect(rules).toHaveLength(podRules.length + namespaceRules.length);
  });

  test('a rule of namespaces is explained by labels before and after', async () => {
    const { code, stdout } = await run(['explain', 'namespaceLabelChange']);
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/^namespaceLabelChange: Lowered labels of a namespace$/m),
    ]);
    expect(stdout).not.toContain('Versions:');
    expect(stdout).toContain('# denied for metadata.labels[pod-security.kubernetes.io/enforce]');
    const documents = stdout.match(/^ {2}# before\n[\s\S]*?^ {2}# after\n[\s\S]*?\n\n/gm) ?? [];
    expect(documents.length).toBeGreaterThan(2);
    for (const document of documents) {
      const objects = parseAllDocuments(document.replace(/^ {2}/gm, '')).map((each) => each.toJS());
      expect(objects).toMatchObject([{ kind: 'Namespace' }, { kind: 'Namespace' }]);
    }
    const { rules } = JSON.parse((await run(['explain', 'namespaceLabelChange', '-o', 'json'])).stdout);
    expect(rules).toMatchObject([
      {
        id: 'namespaceLabelChange',
        settings: { podSecurity: { labelGuard: {} } },
        examples: { violating: [{ before: { kind: 'Namespace' }, after: { kind: 'Namespace' } }, {}, {}] },
      },
    ]);
  });

  test('an id that does not exist exits 2 and names the nearest', async () => {
    const { code, stdout, stderr } = await run(['explain', 'privilged']);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toBe('sekisho: no rule is called privilged: did you mean privileged?\n');
    expect((await run(['explain', 'xyzzy'])).stderr).toBe(
      "sekisho: no rule is called xyzzy: 'sekisho explain' lists all\n",
    );
  });

  test('near are ids that contain what was typed, or differ by little', () => {
    const ids = ['runAsUser', 'runAsNonRoot', 'seccompProfile_baseline', 'seccompProfile_restricted'];
    expect(nearest('runasuser', ids)).toEqual(['runAsUser']);
    expect(nearest('seccomp', ids)).toEqual(['seccompProfile_baseline', 'seccompProfile_restricted']);
    expect(nearest('runAsNoRot', ids)).toEqual(['runAsNonRoot']);
    expect(nearest('', ids)).toEqual([]);
    expect(nearest('x'.repeat(1e6), ids)).toEqual([]);
  });
});
