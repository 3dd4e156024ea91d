import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

/** Whether a text is a template of a Helm chart: it stands below `templates` beside a `Chart.yaml`, and has actions. */
export function isChartTemplate(file: string, text: string): boolean {
  if (!text.includes('{{')) return false;
  for (let folder = dirname(resolve(file)); dirname(folder) !== folder; folder = dirname(folder)) {
    if (basename(folder) === 'templates' && existsSync(join(dirname(folder), 'Chart.yaml'))) return true;
  }
  return false;
}
