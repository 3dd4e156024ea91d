import { type Acceptance, acceptanceOf, acceptanceText } from '../core/policy/exceptions.ts';
import type { PodPolicy } from '../core/policy/pod-policy.ts';
import type { PodPolicyException } from '../core/policy/pod-policy-exception.ts';
import type { Logger } from '../io/log.ts';

/** Exceptions, and what they are held against. */
export interface ExceptionHolding {
  readonly policies: readonly PodPolicy[];
  readonly unread?: readonly PodPolicy[];
  readonly exceptions: readonly PodPolicyException[];
}

/** Milliseconds: now, and `exceptions.maxDuration` of the settings. */
export interface ExceptionTime {
  readonly now: number;
  readonly maxDuration?: number | undefined;
}

/** An exception without effect, and why. */
interface IdleException {
  readonly name: string;
  readonly acceptance: Acceptance;
}

function idleExceptions(
  { policies, unread = [], exceptions }: ExceptionHolding,
  time: ExceptionTime,
): readonly IdleException[] {
  const names = new Set([...policies, ...unread].map(({ metadata }) => metadata.name));
  return exceptions
    .map((exception) => ({
      name: exception.metadata.name,
      acceptance: acceptanceOf(exception, { policies: names, ...time }),
    }))
    .filter(({ acceptance }) => !acceptance.accepted);
}

/** Tells whoever sits at a command line, who knows no longest duration. */
export function warnOfIdleExceptions(holding: ExceptionHolding, warn: (message: string) => void): void {
  for (const { name, acceptance } of idleExceptions(holding, { now: Date.now() })) {
    warn(`the exception ${name} has no effect: ${acceptanceText(acceptance)}`);
  }
}

/** Tells the log, each once until it has another reason: a set of policies is made anew for every change of one. */
export function reportIdleExceptions(log: Logger): (holding: ExceptionHolding, time: ExceptionTime) => void {
  let told = new Set<string>();
  return (holding, time) => {
    const idle = new Set<string>();
    for (const { name, acceptance } of idleExceptions(holding, time)) {
      const key = `${name} ${acceptance.reason} ${acceptance.unknown.join()}`;
      const { reason, unknown } = acceptance;
      if (!told.has(key)) log.warn({ exception: name, reason, names: unknown }, 'exception has no effect');
      idle.add(key);
    }
    told = idle;
  };
}
