import type { OwnKind } from '../core/policy/own-object.ts';
import type { PolicyProblem, Remainder } from '../core/policy/policy-reading.ts';
import type { Logger } from '../io/log.ts';

const consequences: Readonly<Record<OwnKind, Readonly<Record<Remainder, string>>>> = {
  PodPolicy: {
    kept: 'policy cannot be used, the last good version stays',
    unread: 'policy cannot be used, what it matches gets a finding',
    leftOut: 'policy cannot be used, left out',
    nameTaken: 'policy cannot be used, its name is taken',
  },
  PodPolicyException: {
    kept: 'exception cannot be used, the last good version stays',
    unread: 'exception cannot be used, left out',
    leftOut: 'exception cannot be used, left out',
    nameTaken: 'exception cannot be used, its name is taken',
  },
};

/** Each once, until it is gone and comes back: a broken file is read every second. */
export function reportProblems(log: Logger): (problems: readonly PolicyProblem[]) => void {
  let told = new Set<string>();
  return (problems) => {
    const now = new Set<string>();
    for (const { reason, remainder, kind, names } of problems) {
      const key = `${remainder} ${reason}`;
      const named = kind === 'PodPolicy' ? { policies: names } : { exceptions: names };
      if (!told.has(key)) log.error({ reason, ...named }, consequences[kind][remainder]);
      now.add(key);
    }
    told = now;
  };
}
