import type { Command } from 'commander';

/** What `--policy` takes, for its help. */
export const builtinHint = 'file, folder or builtin:restricted, builtin:baseline[@v1.NN]; repeatable';

/** What `--config` is for where nothing is served. */
export const configHint = 'settings whose workloadKinds are judged too; nothing else of them counts here';

/** A repeatable option: one that took several values at once would swallow the operands after it. */
export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

/** What `--namespace-labels` takes, for its help. */
export const namespaceLabelsHint = 'file of Namespace objects whose labels count, as of kubectl get namespaces -o yaml';

/** Without a policy everything would pass: that must be said, not assumed. */
export function requirePolicy(sources: readonly string[] | undefined, command: Command): void {
  if (sources !== undefined) return;
  command.error('error: --policy is missing: name a file, a folder or builtin:restricted', { exitCode: 2 });
}
