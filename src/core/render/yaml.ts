import { stringify } from 'yaml';

/** YAML that readers of version 1.1 and 1.2 understand alike: what 1.1 takes for something else is quoted. */
export function renderYaml(value: unknown): string {
  return stringify(value, { version: '1.1', aliasDuplicateObjects: false, lineWidth: 0 });
}
