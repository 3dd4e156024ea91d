export type User = 'administrator' | 'tenant' | 'node';

/** Who somebody is to the API server. */
export interface Identity {
  readonly name: string;
  readonly groups: readonly string[];
}

/** The users of the cases. `tenant` may do nothing but what a case grants it. */
export const identities: Readonly<Record<User, Identity>> = {
  administrator: { name: 'administrator', groups: ['system:masters'] },
  tenant: { name: 'tenant', groups: [] },
  node: { name: 'system:node:e2e', groups: ['system:nodes'] },
};

/** How kubectl becomes a user: a kubeconfig of its own, or flags that impersonate. */
export interface Access {
  readonly kubeconfig: string;
  readonly flags: readonly string[];
}

/** The three programs of which an API server is made. */
export interface ApiServerBinaries {
  readonly etcd: string;
  readonly kubeApiserver: string;
  readonly kubectl: string;
}

/** Where the API server is and what can be done with it. Plain data: it travels from the global setup to the cases. */
export interface Cluster {
  readonly driver: 'kubeconfig' | 'kind' | 'assets' | 'go';
  /** Names this run; every namespace of a case carries it in the label `e2e.sekisho.dev/run`. */
  readonly run: string;
  /** Scratch folder, removed at the end. */
  readonly folder: string;
  readonly access: Readonly<Record<User, Access>>;
  readonly kubectl: string;
  readonly kubectlEnv: NodeJS.ProcessEnv;
  /** The address of this machine as the API server sees it. */
  readonly webhookAddress?: string;
  /** The audit log, one JSON event a line. */
  readonly auditLog?: string;
  /** With these a case can start an API server of its own. */
  readonly binaries?: ApiServerBinaries;
}

/** A cluster and its end. */
export interface Driver extends AsyncDisposable {
  readonly cluster: Cluster;
  /** Stops the API server and starts it again on the same port with the same data. */
  restart?(): Promise<void>;
}
