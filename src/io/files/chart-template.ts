import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

/** Why nobody but Helm can read a file. */
export const chartTemplate =
  'is a template of a Helm chart, which only Helm can read: judge what it renders with check --helm, and edit it by hand';

/** Whether a text is one: it stands below `templates` beside a `Chart.yaml`, and has actions. */
export function isChartTemplate(file: string, text: string): boolean {
  if (file === '-' || !text.includes('{{')) return false;
  for (let folder = dirname(resolve(file)); dirname(folder) !== folder; folder = dirname(folder)) {
    if (basename(folder) === 'templates' && existsSync(join(dirname(folder), 'Chart.yaml'))) return true;
  }
  return false;
}
