import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { z } from 'zod';
import { SekishoError } from '../core/error.ts';
import { modes } from '../core/policy/mode.ts';
import { unknowns } from '../core/render/installation-status.ts';
import { renderJson } from '../core/render/json.ts';
import { toStatusResult } from '../core/render/status-result.ts';
import { renderStatusTable, type StatusTable } from '../core/render/status-table.ts';
import { troublesOf } from '../core/render/status-troubles.ts';
import { type Kubeconfig, readUserCredentials } from '../io/cluster/credentials.ts';
import { createClusterClient } from '../io/cluster/http-client.ts';
import { parseManifest } from '../io/files/manifests.ts';
import { wantsColor, writeOutput } from '../io/output.ts';
import { findInstallation } from '../io/status/finding.ts';
import { type InstalledSettings, readInstallation } from '../io/status/installation-reader.ts';
import { duration } from './duration.ts';
import type { StatusOptions } from './status.ts';

/** Prints how an installation is. Returns the exit status. */
export async function showStatus(options: StatusOptions): Promise<number> {
  await using client = createClusterClient(await readUserCredentials(kubeconfigOf(options)));
  const found = await findInstallation(client, options);
  const now = Date.now();
  const status = await readInstallation(found, { client, now, parseSettings: readSettingsText });
  const complete = unknowns(status).length === 0;
  const table: StatusTable = { status, troubles: troublesOf(status, now), now, complete };
  await writeOutput(render(table, options));
  if (table.troubles.length > 0) return 1;
  return complete ? 0 : 3;
}

function render(table: StatusTable, { output, lang }: StatusOptions): string {
  if (output === 'json') return renderJson(toStatusResult(table, lang));
  return renderStatusTable(table, { locale: lang, color: wantsColor() });
}

/** Loosely: the installation may be of another release than this program, and know other settings. */
const installedSettings = z.object({
  maxMode: z.enum(modes).default('Enforce'),
  exceptions: z.object({ maxDuration: duration.prefault('2160h') }).prefault({}),
  workloadKinds: z.array(z.object({ group: z.string(), resource: z.string() })).default([]),
  installation: z.object({ webhookConfiguration: z.string(), canaryNamespace: z.string() }).partial().prefault({}),
});

function readSettingsText(text: string): InstalledSettings {
  const [document] = parseManifest(text, 'settings.yaml').documents;
  const parsed = installedSettings.safeParse(document?.value ?? {});
  if (!parsed.success) throw new SekishoError('SettingsInvalid', `settings.yaml: ${parsed.error.issues[0]?.message}`);
  const { maxMode, exceptions, workloadKinds, installation } = parsed.data;
  // A kind with templates in several places has several lines.
  const custom = [...new Map(workloadKinds.map((each) => [`${each.resource}.${each.group}`, each])).values()];
  return { maxMode, maxExceptionDuration: exceptions.maxDuration, custom, ...installation };
}

/** As kubectl: what is named must be there; of KUBECONFIG what is there counts; else the file of the home folder. */
function kubeconfigOf({ kubeconfig, context }: StatusOptions): Kubeconfig {
  if (kubeconfig !== undefined) return { files: [kubeconfig], context };
  const named = (process.env['KUBECONFIG'] ?? '').split(delimiter).filter((file) => file !== '');
  const files = named.length > 0 ? named : [join(homedir(), '.kube', 'config')];
  return { files: files.filter((file) => existsSync(file)), context };
}
