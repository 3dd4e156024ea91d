/** What is known of the namespace that an object is in. */
export interface NamespaceView {
  readonly name: string;
  /** Absent where they could not be read. A map, because their names are the tenants'. */
  readonly labels?: ReadonlyMap<string, string>;
  /** Why the labels could not be read. */
  readonly unavailable?: string;
  /** Nobody was there to ask: the labels are the one that every namespace has. */
  readonly assumed?: true;
}

/**
 * Where namespaces are looked up: a watched cache, or what a command line knows. It answers at once where it can, with
 * the same object for as long as nothing changed. It never rejects: what it cannot read is `unavailable`.
 */
export interface NamespaceSource {
  read(name: string): NamespaceView | Promise<NamespaceView>;
}

/** The label that the API server gives every namespace. */
const nameLabel = 'kubernetes.io/metadata.name';

/** Every namespace as it is where nobody labelled it, for those who have no cluster to ask. */
export const namespacesOffline: NamespaceSource = {
  read: (name) => ({ name, labels: new Map([[nameLabel, name]]), assumed: true }),
};
