import { describe, expect, test } from 'vitest';
import { formatFieldPath } from '../../../src/core/pod/field-path.ts';
import { lint } from '../../../src/core/policy/lint.ts';
import { apiVersion, type PodPolicy, parsePodPolicy } from '../../../src/core/policy/pod-policy.ts';
import { type PodPolicyException, parsePodPolicyException } from '../../../src/core/policy/pod-policy-exception.ts';

const now = Date.parse('2026-11-22T12:00:00Z');
const ninetyDays = 90 * 24 * 3_600_000;

function policy(spec: object, name = 'production'): PodPolicy {
  const parsed = parsePodPolicy({ apiVersion, kind: 'PodPolicy', metadata: { name }, spec });
  if ('issues' in parsed) throw new Error(JSON.stringify(parsed.issues));
  return parsed.policy;
}

const bound = { images: [`ghcr.io/acme/agent@sha256:${'0'.repeat(64)}`] };

function exception(spec: object = {}, name = 'legacy'): PodPolicyException {
  const whole = {
    policies: [{ name: 'production', rules: ['hostPathVolumes'] }],
    match: bound,
    reason: 'promised',
    expiresAt: '2027-01-31T00:00:00Z',
    ...spec,
  };
  const parsed = parsePodPolicyException({ apiVersion, kind: 'PodPolicyException', metadata: { name }, spec: whole });
  if ('issues' in parsed) throw new Error(JSON.stringify(parsed.issues));
  return parsed.exception;
}

function warnings(policies: readonly PodPolicy[], exceptions: readonly PodPolicyException[] = []): readonly string[] {
  const found = lint({ policies, unread: [], exceptions, now, maxExceptionDuration: ninetyDays });
  return found.map(
    ({ of, path, reason, message }) => `${of.metadata.name} ${formatFieldPath(path)} ${reason}: ${message}`,
  );
}

const section = (podSecurity: object = {}, rest: object = {}) => ({
  ...rest,
  podSecurity: { level: 'baseline', ...podSecurity },
});

describe('of a policy lint says', () => {
  test('nothing where everything it says has an effect', () => {
    const all = section(
      {
        version: 'v1.36',
        rules: { hostPorts: { mode: 'Audit' }, runAsNonRoot: {} },
        except: [{ rules: ['capabilities_baseline'], values: ['NET_ADMIN'] }],
      },
      {
        mode: 'Enforce',
        match: {
          namespaces: { include: ['team-*'], exclude: ['team-lab-*'] },
          namespaceSelector: {
            matchLabels: { stage: 'a' },
            matchExpressions: [{ key: 'lab', operator: 'DoesNotExist' }],
          },
        },
      },
    );
    expect(warnings([policy(all)])).toEqual([]);
  });

  test.each<readonly [string, object, readonly string[]]>([
    [
      'that no namespace is left',
      section({}, { match: { namespaces: { include: ['kube-system', 'kube-*-lab'], exclude: ['kube-*'] } } }),
      ['spec.match.namespaces.include NeverMatches: is excluded again, all of it: no namespace is left'],
    ],
    [
      'that every namespace is excluded',
      section({}, { match: { namespaces: { exclude: ['a', '*'] } } }),
      ['spec.match.namespaces.exclude[1] NeverMatches: excludes every namespace'],
    ],
    [
      'which of several namespaces is excluded again',
      section({}, { match: { namespaces: { include: ['a', 'kube-system'], exclude: ['kube-*'] } } }),
      ['spec.match.namespaces.include[1] NoEffect: is excluded again'],
    ],
    [
      'that a selector contradicts itself',
      section(
        {},
        {
          match: {
            namespaceSelector: {
              matchLabels: { stage: 'a' },
              matchExpressions: [{ key: 'stage', operator: 'In', values: ['b', 'c'] }],
            },
            objectSelector: {
              matchExpressions: [
                { key: 'tier', operator: 'Exists' },
                { key: 'tier', operator: 'DoesNotExist' },
              ],
            },
          },
        },
      ),
      [
        'spec.match.namespaceSelector NeverMatches: contradicts itself: no value of the label stage fulfils all that is said of it',
        'spec.match.objectSelector NeverMatches: contradicts itself: no value of the label tier fulfils all that is said of it',
      ],
    ],
    [
      'that In and NotIn leave no value',
      section(
        {},
        {
          match: {
            namespaceSelector: {
              matchExpressions: [
                { key: 'stage', operator: 'In', values: ['a', 'b'] },
                { key: 'stage', operator: 'NotIn', values: ['b', 'a'] },
              ],
            },
          },
        },
      ),
      [
        'spec.match.namespaceSelector NeverMatches: contradicts itself: no value of the label stage fulfils all that is said of it',
      ],
    ],
    [
      'that it asks nothing without a section',
      {},
      ['spec AsksNothing: asks nothing of any pod: no section names a rule or a level'],
    ],
    [
      'that it asks nothing at the level privileged, where labels are ignored',
      { podSecurity: { level: 'privileged', namespaceLabels: 'Ignore' } },
      [
        'spec.podSecurity.level AsksNothing: asks nothing of any pod: the level privileged has no rules, and labels of namespaces are ignored',
      ],
    ],
    ['nothing of the level privileged where labels are read', { podSecurity: { level: 'privileged' } }, []],
    [
      'that a version is not known yet',
      section({ version: 'v1.99' }),
      [
        'spec.podSecurity.version VersionUnknown: is newer than v1.37, the newest that this build knows, and counts as that one',
      ],
    ],
    [
      'that an entry says what holds anyway',
      section({ rules: { privileged: {}, hostPorts: { mode: 'Warn' } } }, { mode: 'Warn' }),
      [
        'spec.podSecurity.rules.hostPorts NoEffect: has no effect: the level baseline asks it anyway, in the same mode',
        'spec.podSecurity.rules.privileged NoEffect: has no effect: the level baseline asks it anyway, in the same mode',
      ],
    ],
    [
      'that a rule does not exist at the version',
      section({ version: 'v1.20', rules: { capabilities_restricted: {} } }),
      [
        'spec.podSecurity.rules.capabilities_restricted NoEffect: has no effect: capabilities_restricted exists since v1.22, and version is v1.20',
      ],
    ],
    [
      'that a stronger rule is asked instead',
      section({ level: 'restricted', rules: { capabilities_baseline: { mode: 'Warn' } } }, { mode: 'Enforce' }),
      [
        'spec.podSecurity.rules.capabilities_baseline NoEffect: has no effect: capabilities_restricted is asked in its place',
      ],
    ],
    [
      'that there is nothing to except from',
      section({ except: [{ rules: ['hostPorts', 'runAsNonRoot'] }] }),
      [
        'spec.podSecurity.except[0].rules[1] NoEffect: has no effect: the level baseline does not ask runAsNonRoot, nor does rules switch it on',
      ],
    ],
    [
      'nothing of an exception of a rule that an entry switches on',
      section({ rules: { runAsNonRoot: {} }, except: [{ rules: ['runAsNonRoot'], containers: ['a'] }] }),
      [],
    ],
    [
      'nothing of rules where labels may bring any level',
      section({ namespaceLabels: 'Respect', except: [{ rules: ['runAsNonRoot'] }], rules: { privileged: {} } }),
      [],
    ],
  ])('%s', (_what, spec, expected) => {
    expect(warnings([policy(spec)])).toEqual(expected.map((text) => `production ${text}`));
  });
});

describe('of two policies lint says', () => {
  const warn = (match: object = {}) => section({ rules: { hostPorts: { mode: 'Warn' } } }, { match });
  const enforce = (match: object = {}) => section({ rules: { hostPorts: { mode: 'Enforce' } } }, { match });
  const overlap =
    'a spec.podSecurity.rules.hostPorts Overlaps: is Warn, and the policy b says Enforce for objects that both match: the strictest wins';

  test('that a weaker mode is said in vain where both match', () => {
    expect(warnings([policy(warn(), 'a'), policy(enforce({ namespaces: { include: ['team-*'] } }), 'b')])).toEqual([
      overlap,
    ]);
    expect(
      warnings([
        policy(warn({ namespaces: { include: ['team-*'] } }), 'a'),
        policy(enforce({ namespaces: { include: ['*-prod'] } }), 'b'),
      ]),
    ).toEqual([overlap]);
  });

  test.each([
    ['names', { namespaces: { include: ['team-*'] } }, { namespaces: { include: ['kube-*'] } }],
    ['exclusion', { namespaces: { include: ['team-a'] } }, { namespaces: { exclude: ['team-*'] } }],
    [
      'labels',
      { namespaceSelector: { matchLabels: { stage: 'a' } } },
      { namespaceSelector: { matchLabels: { stage: 'b' } } },
    ],
  ])('nothing where %s keep them apart', (_what, left, right) => {
    expect(warnings([policy(warn(left), 'a'), policy(enforce(right), 'b')])).toEqual([]);
  });

  test('that one asks nothing which the other does not, of two equal ones only of the later', () => {
    const vain = 'spec Overlaps: asks nothing that the policy a does not ask of the same objects at least as strictly';
    expect(warnings([policy(section(), 'a'), policy(section(), 'b')])).toEqual([`b ${vain}`]);
    expect(
      warnings([policy(section(), 'b'), policy(section({ level: 'restricted' }, { mode: 'Enforce' }), 'a')]),
    ).toEqual([`b ${vain}`]);
  });

  test('that of two lists of what is allowed only what both allow passes, unless they are the same', () => {
    const allowing = (...images: readonly string[]) => ({ images: { allowedRegistries: { images } } });
    const both = [policy(allowing('ghcr.io/**'), 'a'), policy(allowing('ghcr.io/**', 'quay.io/**'), 'b')];
    const told = (other: string) =>
      `spec.images.allowedRegistries Overlaps: and the policy ${other} says something else for objects that both match: only what both allow passes`;
    expect(warnings(both)).toEqual([`a ${told('b')}`, `b ${told('a')}`]);
    const apart = { match: { namespaces: { include: ['x'] } } };
    expect(
      warnings([
        policy(allowing('ghcr.io/**'), 'a'),
        policy({ ...allowing('quay.io/**'), match: { namespaces: { exclude: ['x'] } } }, 'b'),
        policy({ ...allowing('quay.io/**'), ...apart }, 'c'),
      ]).filter((text) => text.startsWith('b ')),
    ).toHaveLength(1);
  });

  const plain = section({}, { mode: 'Enforce' });
  test.each([
    ['its mode is stricter', section(), plain],
    ['its version is another', plain, section({ version: 'v1.24' })],
    ['it reads labels otherwise', plain, section({ namespaceLabels: 'Respect' })],
    ['it guards labels', plain, section({ labelGuard: {} })],
    ['it has a message', plain, section({}, { message: { en: 'ask us' } })],
    ['it holds changed templates to more', section({}, { mode: 'Enforce', onUpdate: 'NewOnly' }), plain],
    ['the other excuses something', section({ except: [{ rules: ['hostPorts'] }] }, { mode: 'Enforce' }), plain],
    ['the other only warns of templates', section({ workloads: 'Warn' }, { mode: 'Enforce' }), plain],
    ['the other has fewer rules', plain, section({ level: 'restricted' }, { mode: 'Enforce' })],
  ])('nothing of one of which %s', (_what, other, spec) => {
    const found = warnings([policy(other, 'a'), policy(spec, 'b')]);
    expect(found.filter((text) => text.startsWith('b '))).toEqual([]);
  });
});

describe('of an exception lint says', () => {
  const production = policy(section({ namespaceLabels: 'Ignore' }, { match: { namespaces: { exclude: ['kube-*'] } } }));

  test('nothing where it excuses what is asked, for images by digest, in time', () => {
    expect(warnings([production], [exception()])).toEqual([]);
  });

  test.each<readonly [string, object, readonly string[]]>([
    [
      'that it binds no image',
      { match: { namespaces: { include: ['payments'] }, images: ['ghcr.io/acme/agent:v1'] } },
      ['spec.match Broad: binds no image by its digest: whoever writes an object can make it fit'],
    ],
    [
      'that it has expired',
      { expiresAt: '2026-11-22T12:00:00Z' },
      ['spec.expiresAt Expired: it has expired: remove it, or set a later spec.expiresAt'],
    ],
    [
      'that it ends soon',
      { expiresAt: '2026-11-29T12:00:00Z' },
      ['spec.expiresAt ExpiresSoon: ends within seven days'],
    ],
    ['nothing a second earlier', { expiresAt: '2026-11-29T12:00:01Z' }, []],
    [
      'that it ends too late',
      { expiresAt: '2027-02-20T12:00:01Z' },
      ['spec.expiresAt TooLong: it ends later than exceptions.maxDuration from now: set an earlier spec.expiresAt'],
    ],
    [
      'which policy there is not',
      { policies: [{ name: 'prod', rules: ['hostPathVolumes'] }] },
      ['spec.policies[0].name UnknownPolicy: there is no policy prod: correct spec.policies'],
    ],
    [
      'which rule there is not',
      { policies: [{ name: 'production', rules: ['hostPathVolumes', 'hostPathVolume'] }] },
      [
        'spec.policies[0].rules[1] UnknownRule: there is no rule hostPathVolume: correct spec.policies, sekisho explain lists the rules',
      ],
    ],
    [
      'which rule its policy does not ask',
      { policies: [{ name: 'production', rules: ['runAsNonRoot'] }] },
      [
        'spec.policies[0].rules[0] NoEffect: has no effect: the level baseline does not ask runAsNonRoot, nor does rules switch it on',
      ],
    ],
    [
      'that its policy has no say there',
      { match: { ...bound, namespaces: { include: ['kube-system'] } } },
      ['spec.policies[0] NeverMatches: the policy production has no say in any namespace that match names'],
    ],
  ])('%s', (_what, spec, expected) => {
    expect(warnings([production], [exception(spec)])).toEqual(expected.map((text) => `legacy ${text}`));
  });

  test('nothing of names where no policy was read', () => {
    expect(warnings([], [exception()])).toEqual([]);
  });

  test('nothing of the name of a policy that could not be read', () => {
    const set = { policies: [policy(section(), 'other')], unread: ['production'], exceptions: [exception()] };
    expect(lint({ ...set, now, maxExceptionDuration: ninetyDays })).toEqual([]);
  });
});
