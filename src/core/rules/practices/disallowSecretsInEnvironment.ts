import { z } from 'zod';
import { minimalContainer } from '../minimal-pod.ts';
import { noParams } from '../no-params.ts';
import { defineRule } from '../rule.ts';

/*
 * Restricted fields: env[*].valueFrom.secretKeyRef and envFrom[*].secretRef of containers of every class. Allowed value:
 * unset. The path leads to the name of the Secret, so that `except.values` can name one. Values that somebody writes into
 * the manifest in the clear cannot be told from others and are not found.
 */
export const disallowSecretsInEnvironment = defineRule({
  id: 'disallowSecretsInEnvironment',
  severity: 'medium',
  references: { cis: ['v1.12: 5.4.1'] },
  title: { en: 'Secrets in environment variables', ja: '環境変数の Secret' },
  why: {
    en: 'The environment leaks: crash reports, debug pages and logs print it whole, every child process inherits it, and whoever may read /proc reads it. A Secret that is changed does not reach it until the container restarts.',
    ja: '環境変数は漏れやすい場所です。クラッシュレポート、デバッグ画面、ログにはすべての環境変数が出力され、子プロセスにも引き継がれ、/proc を読める者は誰でも読めます。Secret を更新しても、コンテナを再起動するまで反映されません。',
  },
  fix: {
    en: 'Mount the Secret as a volume and let the program read the file; many take its path from a variable such as DB_PASSWORD_FILE.',
    ja: 'Secret をボリュームとしてマウントし、プログラムにファイルを読ませてください。DB_PASSWORD_FILE のような変数でファイルのパスを受け取るプログラムも多くあります。',
  },
  messages: {
    variable: {
      en: 'is {found}: must be mounted as a file, not set as a variable',
      ja: 'は {found} です。環境変数ではなくファイルとしてマウントしなければなりません',
    },
    all: {
      en: 'is {found}: must be mounted as files, not set as variables',
      ja: 'は {found} です。すべてのキーを環境変数にせず、ファイルとしてマウントしなければなりません',
    },
  },
  params: noParams,
  values: z.string().max(256),
  check({ containers }, { report }) {
    for (const { path, container } of containers) {
      const { env, envFrom } = container;
      if (env !== undefined && env !== null) {
        for (let i = 0; i < env.length; i++) {
          const reference = env[i]?.valueFrom?.secretKeyRef;
          if (reference === undefined || reference === null) continue;
          const at = [...path, 'env', i, 'valueFrom', 'secretKeyRef', 'name'];
          report({ path: at, message: 'variable', found: reference.name ?? undefined });
        }
      }
      if (envFrom !== undefined && envFrom !== null) {
        for (let i = 0; i < envFrom.length; i++) {
          const reference = envFrom[i]?.secretRef;
          if (reference === undefined || reference === null) continue;
          report({
            path: [...path, 'envFrom', i, 'secretRef', 'name'],
            message: 'all',
            found: reference.name ?? undefined,
          });
        }
      }
    }
  },
  examples: {
    allowed: [
      {},
      {
        pod: { spec: { volumes: [{ name: 'db', secret: { secretName: 'db' } }] } },
        container: {
          env: [{ name: 'DB_PASSWORD_FILE', value: '/run/db/password' }],
          envFrom: [{ configMapRef: { name: 'settings' } }],
          volumeMounts: [{ name: 'db', mountPath: '/run/db', readOnly: true }],
        },
      },
    ],
    violating: [
      {
        container: {
          env: [
            { name: 'PORT', value: '8080' },
            { name: 'DB_PASSWORD', valueFrom: { secretKeyRef: { name: 'db', key: 'password' } } },
          ],
        },
        violates: ['spec.containers[0].env[1].valueFrom.secretKeyRef.name'],
      },
      {
        pod: {
          spec: {
            initContainers: [{ ...minimalContainer, name: 'init', envFrom: [{ secretRef: { name: 'migration' } }] }],
          },
        },
        violates: ['spec.initContainers[0].envFrom[0].secretRef.name'],
      },
    ],
  },
});
