import type { Localized } from '../locale.ts';
import {
  type ExceptionStatus,
  type InstallationStatus,
  known,
  type PolicyStatus,
  type ProcessStatus,
  type WebhookStatus,
} from './installation-status.ts';
import type { troubleTexts } from './status-texts.ts';

/** Something that somebody should look after. */
export interface Trouble {
  readonly code: keyof typeof troubleTexts;
  readonly values: Readonly<Record<string, string>>;
}

/** What is wrong, and what to do about it. */
export interface TroubleText {
  readonly what: Localized;
  readonly remedy: Localized;
}

/** All that needs attention, what lets pods through first. `now` in milliseconds. */
export function troublesOf(status: InstallationStatus, now: number): readonly Trouble[] {
  return [
    ...webhookTroubles(status, now),
    ...status.processes.flatMap((process) => processTroubles(process, status)),
    ...policyTroubles(status, now),
    ...(known(status.exceptions) ?? []).flatMap(exceptionTroubles),
  ];
}

/** How texts name the installation. */
function placeOf({ name: installation, release, namespace }: InstallationStatus) {
  return { installation, release, namespace };
}

function webhookTroubles(status: InstallationStatus, now: number): readonly Trouble[] {
  const { webhook, name } = status;
  if (!('value' in webhook)) return [];
  const place = placeOf(status);
  if (webhook.value === undefined) return [{ code: 'configurationMissing', values: { ...place, name } }];
  const open = webhook.value.paths.flatMap(({ path, open: reason }): readonly Trouble[] =>
    reason === undefined ? [] : [{ code: 'pathOpen', values: { ...place, path, reason } }],
  );
  return [...open, ...certificateTroubles(webhook.value, { now, ...place })];
}

const day = 24 * 3_600_000;

interface Place extends ReturnType<typeof placeOf> {
  readonly now: number;
}

/** Sekisho replaces its CA with a third of its life left: one that has less than a fifth was not replaced. */
const overdue = 0.2;

function certificateTroubles(
  { certificate, configuration }: WebhookStatus,
  { now, ...place }: Place,
): readonly Trouble[] {
  if (certificate === undefined) return [{ code: 'nobodyTrusted', values: { ...place, configuration } }];
  const [from, until] = [Date.parse(certificate.notBefore), Date.parse(certificate.notAfter)];
  const values = { ...place, date: certificate.notAfter, days: String(daysBetween(now, until)) };
  if (until <= now) return [{ code: 'certificateExpired', values }];
  const late = until - now < Math.min(30 * day, overdue * (until - from));
  return late ? [{ code: 'certificateExpiring', values }] : [];
}

/** Whole days from one moment to another, both in milliseconds. */
export function daysBetween(now: number, until: number): number {
  return Math.max(0, Math.floor((until - now) / day));
}

function processTroubles({ deployment, replicas }: ProcessStatus, status: InstallationStatus): readonly Trouble[] {
  if (!('value' in replicas)) return [];
  const values = { ...placeOf(status), deployment };
  if (replicas.value === undefined) return [{ code: 'deploymentMissing', values }];
  const { ready, wanted } = replicas.value;
  const counted = { ...values, ready: String(ready), wanted: String(wanted) };
  if (ready === 0) return [{ code: 'noneReady', values: counted }];
  return ready < wanted ? [{ code: 'fewReady', values: counted }] : [];
}

/** The controller takes seconds; who has waited this long waits in vain. */
const patience = 5 * 60_000;

function policyTroubles(status: InstallationStatus, now: number): readonly Trouble[] {
  const { files, cluster } = status.policies;
  const place = placeOf(status);
  const all = [...(known(files) ?? []), ...(known(cluster) ?? [])];
  const nothing = 'value' in files && 'value' in cluster && all.every(({ ready }) => ready === false);
  const none: readonly Trouble[] = nothing ? [{ code: 'noPolicy', values: place }] : [];
  return [...none, ...all.flatMap((policy) => notReady(policy, { now, ...place }))];
}

function notReady(policy: PolicyStatus, { now, ...place }: Place): readonly Trouble[] {
  const { name, ready, reason = '', message = '', created, source } = policy;
  const values = { ...place, name, message };
  if (ready === true) return [];
  if (ready === undefined) {
    const waiting = created === undefined ? 0 : now - Date.parse(created);
    return waiting > patience ? [{ code: 'policyNotJudged', values }] : [];
  }
  if (source === 'file') return [{ code: 'filePolicyBroken', values }];
  return [{ code: reason === 'NameTaken' ? 'policyNameTaken' : 'policyBroken', values }];
}

function exceptionTroubles(exception: ExceptionStatus): readonly Trouble[] {
  const { name, state, expiresAt: date, message = '' } = exception;
  if (state === 'expired') return [{ code: 'exceptionExpired', values: { name, date } }];
  if (state === 'expiring') return [{ code: 'exceptionExpiring', values: { name, date } }];
  return state === 'refused' ? [{ code: 'exceptionRefused', values: { name, message } }] : [];
}
