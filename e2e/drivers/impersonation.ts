import { type Access, identities, type User } from './cluster.ts';

/** The users of somebody else's cluster: its administrator, who impersonates the others. */
export function impersonated(kubeconfig: string): Record<User, Access> {
  const as = (user: User): Access => {
    const { name, groups } = identities[user];
    const flags = [...groups, 'system:authenticated'].map((group) => `--as-group=${group}`);
    return { kubeconfig, flags: [`--as=${name}`, ...flags] };
  };
  return { administrator: { kubeconfig, flags: [] }, tenant: as('tenant'), node: as('node') };
}
