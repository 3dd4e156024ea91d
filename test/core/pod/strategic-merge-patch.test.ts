import { expect, test } from 'vitest';
import { createMergePatch } from '../../../src/core/pod/strategic-merge-patch.ts';

const pod = {
  spec: {
    containers: [
      { name: 'web', ports: [{ containerPort: 80, hostPort: 80 }] },
      {
        name: 'proxy',
        ports: [
          { containerPort: 53, protocol: 'TCP' },
          { containerPort: 53, protocol: 'UDP' },
        ],
      },
      { name: 'twin' },
      { name: 'twin' },
      { name: "quote'" },
    ],
    tolerations: [{ key: 'lab', operator: 'Exists' }],
    volumes: [{ name: 'data', nfs: {} }],
  },
};

test('list items are named by their merge key, removal is null, operations meet in one patch', () => {
  const { patch, merge } = createMergePatch(pod);
  const at = ['spec', 'containers', 0];
  merge({ op: 'add', path: [...at, 'securityContext', 'privileged'], value: false });
  merge({ op: 'remove', path: [...at, 'ports', 0, 'hostPort'] });
  merge({ op: 'add', path: ['spec', 'hostPID'], value: false });
  expect(patch).toEqual({
    spec: {
      containers: [
        { name: 'web', securityContext: { privileged: false }, ports: [{ containerPort: 80, hostPort: null }] },
      ],
      hostPID: false,
    },
  });
});

test.each([
  ['an item whose key another has', ['spec', 'containers', 2, 'image']],
  ['a port of two protocols', ['spec', 'containers', 1, 'ports', 0, 'hostPort']],
  ['a name that could leave the quotes of a shell', ['spec', 'containers', 4, 'image']],
  ['an item that is not there', ['spec', 'containers', 9, 'image']],
  ['a list item itself', ['spec', 'containers', 0]],
  ['a list without merge key', ['spec', 'tolerations', 0, 'operator']],
  ['a field that is no field', ['__proto__', 'polluted']],
])('%s cannot be addressed safely', (_what, path) => {
  expect(createMergePatch(pod).isAddressable(path)).toBe(false);
});

test.each([
  [['spec', 'containers', 0, 'securityContext', 'privileged']],
  [['spec', 'volumes', 0, 'image', 'pullPolicy']],
  [['spec', 'hostPID']],
  [['metadata', 'annotations', 'a/b']],
])('%j can be addressed', (path) => {
  expect(createMergePatch(pod).isAddressable(path)).toBe(true);
});
