import { z } from 'zod';
import { defineRule } from '../rule.ts';

/*
 * Required field: spec.runtimeClassName. Allowed values: one of the setting's, exactly. Unset means the runtime of the
 * node, which no RuntimeClass names, so it violates.
 */
const className = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, 'must be the name of a RuntimeClass');

export const requireRuntimeClass = defineRule({
  id: 'requireRuntimeClass',
  severity: 'medium',
  narrows: true,
  references: {},
  title: { en: 'Required runtime class', ja: '必須の RuntimeClass' },
  why: {
    en: "Containers of the ordinary runtime share the node's kernel: one hole in it, and whoever is inside is on the node. Where a sandbox such as gVisor or Kata Containers is meant to stand in between, it protects only the pods that ask for it.",
    ja: '通常のランタイムでは、コンテナはノードのカーネルを共有します。カーネルに穴が 1 つあれば、コンテナの中の攻撃者はノードに出られます。gVisor や Kata Containers などのサンドボックスは、それを指定した Pod しか守りません。',
  },
  fix: {
    en: 'Set runtimeClassName to a class that the policy names.',
    ja: 'runtimeClassName に、ポリシーで指定されたクラスを設定してください。',
  },
  messages: {
    runtime: {
      en: 'is {found}, must be one of {classes}',
      ja: 'は {found} です。{classes} のいずれかでなければなりません',
    },
  },
  params: z.strictObject({
    classes: z.array(className).min(1).max(32).describe('The classes that will do; where it is one, it is proposed.'),
  }),
  values: z.string().max(256),
  check({ spec }, { report }, { classes }) {
    const found: unknown = spec.runtimeClassName ?? undefined;
    if (typeof found === 'string' && classes.includes(found)) return;
    report({ path: ['spec', 'runtimeClassName'], message: 'runtime', found, expected: { classes } });
  },
  *repair(_pod, { path }, { classes }) {
    const [value, another] = classes;
    if (another === undefined) yield { op: 'add', path, value };
  },
  examples: {
    settings: { classes: ['gvisor'] },
    allowed: [
      { pod: { spec: { runtimeClassName: 'gvisor' } } },
      { pod: { spec: { runtimeClassName: 'kata' } }, settings: { classes: ['gvisor', 'kata'] } },
    ],
    violating: [
      { violates: ['spec.runtimeClassName'] },
      {
        pod: { spec: { runtimeClassName: 'runc' } },
        settings: { classes: ['gvisor', 'kata'] },
        violates: ['spec.runtimeClassName'],
      },
    ],
  },
});
