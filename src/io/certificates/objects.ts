import { type ClusterObject, webhookConfiguration } from '../cluster/object.ts';

/** The names of what the chart made for certificates. */
export interface CertificateObjects {
  readonly namespace: string;
  readonly caSecret: string;
  readonly webhookConfiguration: string;
  /**
   * The names of its entries that the chart makes. One that is missing is alarmed; never recreated, because deleting it is
   * how an operator switches us off.
   */
  readonly webhookEntries: readonly string[];
}

export function secretOf({ namespace, caSecret }: CertificateObjects): ClusterObject {
  return { collection: `/api/v1/namespaces/${namespace}/secrets`, name: caSecret };
}

export function configurationOf({ webhookConfiguration: name }: CertificateObjects): ClusterObject {
  return webhookConfiguration(name);
}
