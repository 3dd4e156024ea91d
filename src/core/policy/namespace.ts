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

/** The label that the API server gives every namespace; nobody can change or remove it. */
export const nameLabel = 'kubernetes.io/metadata.name';

/** Beyond this many the assumed start anew: whoever sends requests draws their names. */
const mostAssumed = 10_000;

/** No namespace has a longer one; whoever lies about it takes no memory. */
const longestName = 63;

/** Namespaces whose labels somebody stated, by their names; every other is assumed to be as where nobody labelled it. */
export function createNamespaces(stated: ReadonlyMap<string, ReadonlyMap<string, string>>): NamespaceSource {
  const known = new Map([...stated].map(([name, labels]) => [name, { name, labels: withName(name, labels) }]));
  const assumed = new Map<string, NamespaceView>();
  return {
    read(name) {
      const there = known.get(name) ?? assumed.get(name);
      if (there !== undefined) return there;
      const view: NamespaceView = { name, labels: withName(name, []), assumed: true };
      if (name.length > longestName) return view;
      if (assumed.size >= mostAssumed) assumed.clear();
      assumed.set(name, view);
      return view;
    },
  };
}

/** Whatever a manifest says of its name: the API server writes it over. */
function withName(name: string, labels: Iterable<readonly [string, string]>): ReadonlyMap<string, string> {
  return new Map([...labels, [nameLabel, name]]);
}

/** Every namespace as it is where nobody labelled it, for those who have no cluster to ask. */
export const namespacesOffline: NamespaceSource = createNamespaces(new Map());
