import { z } from 'zod';
import { isWindowsPod } from '../../pod/pod-view.ts';
import { minimalContainer } from '../minimal-pod.ts';
import { defineRule } from '../rule.ts';

/*
 * Required field: securityContext.readOnlyRootFilesystem of every container. Allowed value: true; unset means false, and
 * the pod has no such field to inherit from. Ephemeral containers are asked like the others, because they stay with the
 * pod as long as it lives; who wants `kubectl debug` to write names the other classes. Windows pods are not asked: the API
 * server refuses the field there, and a Linux pod gains nothing by the claim, because the kubelet does not run it.
 */
const classes = ['init', 'sidecar', 'regular', 'ephemeral'] as const;

export const readOnlyRootFilesystem = defineRule({
  id: 'readOnlyRootFilesystem',
  severity: 'medium',
  references: {},
  title: { en: 'Read-only root file system', ja: '読み取り専用のルートファイルシステム' },
  why: {
    en: 'Whoever breaks into a container that can write to its own files leaves tools there, or replaces a program that will be run next. With nothing to write to, most ready-made attacks stop at that step.',
    ja: '自身のファイルに書き込めるコンテナでは、侵入した攻撃者がツールを置いたり、次に実行されるプログラムを差し替えたりできます。書き込める場所がなければ、既製の攻撃の多くはそこで止まります。',
  },
  fix: {
    en: 'Set readOnlyRootFilesystem: true in the securityContext of the container, and mount an emptyDir wherever the program writes, such as /tmp.',
    ja: 'コンテナの securityContext で readOnlyRootFilesystem: true を指定し、/tmp などプログラムが書き込む場所には emptyDir をマウントしてください。',
  },
  messages: { writable: { en: 'is {found}, must be true', ja: 'は {found} です。true でなければなりません' } },
  params: z.strictObject({
    classes: z
      .array(z.enum(classes))
      .min(1)
      .max(classes.length)
      .default([...classes])
      .describe('The classes of containers that are asked.'),
  }),
  check(pod, { report }, params) {
    if (isWindowsPod(pod)) return;
    for (const view of pod.containers) {
      const found: unknown = view.container.securityContext?.readOnlyRootFilesystem ?? undefined;
      if (found === true || !params.classes.includes(view.class)) continue;
      report({ path: [...view.path, 'securityContext', 'readOnlyRootFilesystem'], message: 'writable', found });
    }
  },
  *repair(_pod, { path }) {
    yield { op: 'add', path, value: true };
  },
  examples: {
    allowed: [
      { container: { securityContext: { readOnlyRootFilesystem: true } } },
      { pod: { spec: { os: { name: 'windows' } } }, container: { securityContext: null } },
      {
        pod: { spec: { ephemeralContainers: [{ ...minimalContainer, name: 'debug' }] } },
        container: { securityContext: { readOnlyRootFilesystem: true } },
        settings: { classes: ['init', 'sidecar', 'regular'] },
      },
    ],
    violating: [
      { violates: ['spec.containers[0].securityContext.readOnlyRootFilesystem'] },
      {
        pod: {
          spec: {
            initContainers: [
              { ...minimalContainer, name: 'init', securityContext: { readOnlyRootFilesystem: false } },
              { ...minimalContainer, name: 'proxy', restartPolicy: 'Always' },
            ],
            ephemeralContainers: [{ ...minimalContainer, name: 'debug' }],
          },
        },
        container: { securityContext: { readOnlyRootFilesystem: true } },
        violates: [
          'spec.initContainers[0].securityContext.readOnlyRootFilesystem',
          'spec.initContainers[1].securityContext.readOnlyRootFilesystem',
          'spec.ephemeralContainers[0].securityContext.readOnlyRootFilesystem',
        ],
      },
    ],
  },
});
