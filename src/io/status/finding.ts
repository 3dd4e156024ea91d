import { SekishoError } from '../../core/error.ts';
import { valueAt } from '../../core/pod/field-path.ts';
import type { ClusterClient } from '../cluster/client.ts';
import { webhookConfiguration } from '../cluster/object.ts';
import { askFor } from './asking.ts';

/** An installation: where it is, what its objects are called, what Helm calls it. */
export interface FoundInstallation {
  readonly namespace: string;
  readonly name: string;
  readonly release: string;
}

/** What whoever asks knows of it. */
export interface Wanted {
  readonly namespace?: string | undefined;
  readonly release?: string | undefined;
}

/** The chart puts it on all its objects, also where `nameOverride` gives them another name. */
const selector = 'app.kubernetes.io/part-of=sekisho';
const partOf = encodeURIComponent(selector);
const componentServe = encodeURIComponent(`${selector},app.kubernetes.io/component=serve`);

/** What the chart is called, and where one looks who may not look everywhere. */
const usual = 'sekisho';

/**
 * Finds the one that is meant, by its Deployment or by its webhook configuration: either may be missing, or not to be
 * seen. Throws where there are several, none, or no API server.
 */
export async function findInstallation(client: ClusterClient, wanted: Wanted): Promise<FoundInstallation> {
  const { namespace } = wanted;
  // The first question of all: where it is not answered, no other will be.
  const { collection } = webhookConfiguration('');
  await client.request({ method: 'GET', path: '/version' });
  const [everywhere, configurations] = await Promise.all([
    listed(client, deploymentsOf(namespace)),
    listed(client, `${collection}?labelSelector=${partOf}`),
  ]);
  const inUsual =
    everywhere === undefined && namespace === undefined ? listed(client, deploymentsOf(usual)) : undefined;
  const deployments = everywhere ?? (await inUsual);
  const found = unique([
    ...(deployments ?? []).flatMap(ofDeployment),
    ...(configurations ?? []).flatMap(ofConfiguration),
  ]);
  const matching = found.filter((each) => isWanted(each, wanted));
  const [first, ...others] = matching;
  if (first !== undefined && others.length === 0) return first;
  if (first !== undefined) throw several(matching);
  if (deployments !== undefined && configurations !== undefined) throw none(wanted);
  return assumed(wanted);
}

function deploymentsOf(namespace: string | undefined): string {
  const place = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `/apis/apps/v1${place}/deployments?labelSelector=${componentServe}`;
}

/** Undefined where they may not be seen. */
async function listed(client: ClusterClient, path: string): Promise<readonly unknown[] | undefined> {
  const reading = await askFor(client, { path, needs: '' });
  const items = 'value' in reading ? valueAt(reading.value, ['items']) : undefined;
  return Array.isArray(items) ? items : undefined;
}

function ofDeployment(object: unknown): readonly FoundInstallation[] {
  const [name, namespace] = [textAt(object, 'metadata', 'name'), textAt(object, 'metadata', 'namespace')];
  if (!name?.endsWith('-serve') || namespace === undefined) return [];
  const fullname = name.slice(0, -'-serve'.length);
  return [{ namespace, name: fullname, release: releaseOf(object) ?? fullname }];
}

function ofConfiguration(object: unknown): readonly FoundInstallation[] {
  const name = textAt(object, 'metadata', 'name');
  const namespace = valueAt(object, ['webhooks', 0, 'clientConfig', 'service', 'namespace']);
  if (name === undefined || typeof namespace !== 'string') return [];
  return [{ namespace, name, release: releaseOf(object) ?? name }];
}

function releaseOf(object: unknown): string | undefined {
  return textAt(object, 'metadata', 'labels', 'app.kubernetes.io/instance');
}

function textAt(object: unknown, ...path: readonly string[]): string | undefined {
  const value = valueAt(object, path);
  return typeof value === 'string' ? value : undefined;
}

function unique(found: readonly FoundInstallation[]): readonly FoundInstallation[] {
  return [...new Map(found.map((each) => [`${each.namespace}/${each.name}`, each])).values()];
}

function isWanted(found: FoundInstallation, { namespace, release }: Wanted): boolean {
  return (namespace ?? found.namespace) === found.namespace && (release ?? found.release) === found.release;
}

/** As the chart names things, where nobody may see what they are called. */
function assumed({ namespace = usual, release = usual }: Wanted): FoundInstallation {
  return { namespace, release, name: release.includes(usual) ? release : `${release}-${usual}` };
}

function several(found: readonly FoundInstallation[]): SekishoError<'UsageInvalid'> {
  const names = found.map(({ namespace, release }) => `-n ${namespace} --release ${release}`).join(', ');
  return new SekishoError('UsageInvalid', `there are ${found.length} installations of Sekisho: choose by ${names}`);
}

function none({ namespace, release }: Wanted): SekishoError<'UsageInvalid'> {
  const which = release === undefined ? '' : ` with the release name ${release}`;
  const where = namespace === undefined ? 'in this cluster' : `in the namespace ${namespace}`;
  return new SekishoError('UsageInvalid', `there is no Sekisho${which} ${where} (objects labelled ${selector})`);
}
