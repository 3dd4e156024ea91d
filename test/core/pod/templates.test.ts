import { describe, expect, test } from 'vitest';
import { formatFieldPath } from '../../../src/core/pod/field-path.ts';
import { templatesOf } from '../../../src/core/pod/templates.ts';
import { createWorkloads } from '../../../src/core/pod/workloads.ts';

const names = { group: 'batch.example', kind: 'Farm', resource: 'farms' };

/** The paths of the templates that an object has at these places. */
function pathsIn(object: unknown, ...places: readonly string[]): readonly string[] {
  return found(object, ...places).map(({ path }) => formatFieldPath(path));
}

function found(object: unknown, ...places: readonly string[]) {
  const [workload] = createWorkloads(places.map((path) => ({ ...names, path }))).custom;
  if (workload === undefined) throw new Error('no workload');
  return templatesOf(object, workload);
}

const template = { spec: { containers: [] } };

describe('the templates of an object', () => {
  test('stand where the setting says', () => {
    expect(pathsIn({ spec: { template } }, 'spec.template')).toEqual(['spec.template']);
    expect(pathsIn({ template }, 'template')).toEqual(['template']);
  });

  test('stand in every item of a list, and of lists in lists', () => {
    const jobs = [{ template: { spec: { template } } }, { template: { spec: { template } } }];
    expect(pathsIn({ spec: { jobs } }, 'spec.jobs[*].template.spec.template')).toEqual([
      'spec.jobs[0].template.spec.template',
      'spec.jobs[1].template.spec.template',
    ]);
    expect(pathsIn({ groups: [{ sets: [template] }, { sets: [template, template] }] }, 'groups[*].sets[*]')).toEqual([
      'groups[0].sets[0]',
      'groups[1].sets[0]',
      'groups[1].sets[1]',
    ]);
  });

  test('stand in several places of one kind', () => {
    const object = { spec: { head: { template }, workers: [{ template }] } };
    expect(pathsIn(object, 'spec.head.template', 'spec.workers[*].template')).toEqual([
      'spec.head.template',
      'spec.workers[0].template',
    ]);
  });

  test.each([
    [{}],
    [{ spec: null }],
    [{ spec: {} }],
    [{ spec: { jobs: null } }],
    [{ spec: { jobs: [] } }],
    [{ spec: { jobs: [{}, { template: null }] } }],
  ])('are none in %j', (object) => {
    expect(pathsIn(object, 'spec.jobs[*].template')).toEqual([]);
  });

  test('leave out those items of a list that have none', () => {
    expect(pathsIn({ jobs: [{}, { template }] }, 'jobs[*].template')).toEqual(['jobs[1].template']);
  });

  test.each([
    [null, 'the object is missing'],
    [[], 'the object must be an object'],
    [{ spec: 'jobs' }, 'spec must be an object'],
    [{ spec: [] }, 'spec must be an object'],
    [{ spec: { jobs: {} } }, 'spec.jobs must be a list'],
    [{ spec: { jobs: { 0: { template } } } }, 'spec.jobs must be a list'],
    [{ spec: { jobs: 'ab' } }, 'spec.jobs must be a list'],
    [{ spec: { jobs: { length: 1e9 } } }, 'spec.jobs must be a list'],
    [{ spec: { jobs: [{ template }, null] } }, 'spec.jobs[1] is missing'],
    [{ spec: { jobs: [[{ template }]] } }, 'spec.jobs[0] must be an object'],
    [{ spec: { jobs: [7] } }, 'spec.jobs[0] must be an object'],
  ])('cannot be looked for in %j: %s', (object, message) => {
    expect(() => found(object, 'spec.jobs[*].template')).toThrow(
      expect.objectContaining({ code: 'PodMalformed', message }),
    );
  });

  test('are at most 1,000: a list of a million is not even gone through', () => {
    const items = (count: number) => ({ jobs: Array.from({ length: count }, () => ({ template })) });
    expect(found(items(1_000), 'jobs[*].template')).toHaveLength(1_000);
    expect(() => found(items(1_001), 'jobs[*].template')).toThrow('jobs has more than 1000 items');
    const million = {
      jobs: new Proxy(new Array<unknown>(1_000_000), {
        get: (target, key) => {
          if (key === 'length') return target.length;
          throw new Error(`${String(key)} was read`);
        },
      }),
    };
    expect(() => found(million, 'jobs[*].template')).toThrow('jobs has more than 1000 items');
    const square = { groups: Array.from({ length: 40 }, () => ({ sets: new Array(40).fill(template) })) };
    expect(() => found(square, 'groups[*].sets[*]')).toThrow(/^groups\[\d+\]\.sets has more than 1000 items$/);
  });

  test('are no properties that every object inherits', () => {
    expect(pathsIn({ spec: {} }, 'spec.constructor')).toEqual([]);
    expect(pathsIn({ spec: JSON.parse('{"__proto__": {"template": {}}}') as object }, 'spec.template')).toEqual([]);
    expect(pathsIn(JSON.parse('{"__proto__": {"template": {}}}'), '__proto__.template')).toEqual([
      '__proto__.template',
    ]);
  });

  test('are known again by the names of list items; the second of a name, and what has none, by its place', () => {
    const jobs = [{ name: 'a', template }, { name: 'a', template }, { template }, { name: 3, template }];
    expect(found({ jobs }, 'jobs[*].template').map(({ namedPath }) => namedPath)).toEqual([
      ['jobs', 'a', 'template'],
      ['jobs', 1, 'template'],
      ['jobs', 2, 'template'],
      ['jobs', 3, 'template'],
    ]);
  });
});
