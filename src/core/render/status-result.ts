import { type Locale, localize } from '../locale.ts';
import type { InstallationStatus, Reading } from './installation-status.ts';
import type { StatusTable } from './status-table.ts';
import { troubleTexts } from './status-texts.ts';

/** The same for programs: what could not be read is `{"unknown": "…"}` in its place. */
export function toStatusResult({ status, troubles, complete }: StatusTable, locale: Locale): object {
  const attention = troubles.map(({ code, values }) => {
    const { what, remedy } = troubleTexts[code];
    return { code, message: localize(what, locale, values), remedy: localize(remedy, locale, values) };
  });
  return { healthy: troubles.length === 0 && complete, complete, attention, ...shown(status) };
}

function shown({
  namespace,
  name,
  release,
  mode,
  processes,
  webhook,
  policies,
  exceptions,
}: InstallationStatus): object {
  const replicas = processes.map(({ component, deployment, replicas: counted }) => {
    return { component, deployment, replicas: contentOf(counted) };
  });
  return {
    namespace,
    name,
    release,
    mode: contentOf(mode),
    processes: replicas,
    webhook: contentOf(webhook),
    policies: { files: contentOf(policies.files), cluster: contentOf(policies.cluster) },
    exceptions: contentOf(exceptions),
  };
}

/** `null` is what is known not to be there. */
function contentOf(reading: Reading<unknown>): unknown {
  if ('value' in reading) return reading.value ?? null;
  return { unknown: reading.unknown === 'forbidden' ? `forbidden: needs ${reading.needs}` : reading.reason };
}
