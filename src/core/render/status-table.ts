import { type Localized, localize } from '../locale.ts';
import { exceptionStates } from '../policy/exception-state.ts';
import { alignColumns } from './columns.ts';
import { printable } from './escape.ts';
import {
  type InstallationStatus,
  known,
  type PolicyStatus,
  type Reading,
  type WebhookStatus,
} from './installation-status.ts';
import { troubleTexts } from './status-texts.ts';
import { daysBetween, type Trouble } from './status-troubles.ts';
import { paint, type TableStyle } from './table.ts';

const words = {
  attention: { en: 'Needs attention', ja: '要対応' },
  healthy: { en: 'Nothing needs attention.', ja: '対応が必要なものはありません。' },
  unread: { en: 'Nothing that could be read needs attention.', ja: '読み取れた範囲で、対応が必要なものはありません。' },
  mode: { en: 'Mode', ja: 'モード' },
  failurePolicy: { en: 'Failure policy', ja: '障害時' },
  replicas: { en: 'Replicas', ja: 'レプリカ' },
  certificate: { en: 'Certificate', ja: '証明書' },
  coverage: { en: 'Coverage', ja: '検査の範囲' },
  excluded: { en: 'Excluded', ja: '対象外' },
  policies: { en: 'Policies', ja: 'ポリシー' },
  exceptions: { en: 'Exceptions', ja: '例外' },
  forbidden: { en: 'unknown (forbidden: needs {needs})', ja: '不明 (権限がありません: {needs} が必要)' },
  failed: { en: 'unknown ({reason})', ja: '不明 ({reason})' },
  none: { en: 'none', ja: 'なし' },
  missing: { en: 'missing', ja: 'ありません' },
  ready: { en: '{component} {ready}/{wanted} ready', ja: '{component} {ready}/{wanted} Ready' },
  days: { en: 'CA valid for {days} more days, until {date}', ja: 'CA の有効期間は残り {days} 日 ({date} まで)' },
  paths: { en: '{covered} of {all} paths: {names}', ja: '{all} 経路のうち {covered}: {names}' },
  namespaces: { en: 'namespaces {names}', ja: '名前空間 {names}' },
  more: { en: '… and {count} more: -o json lists all', ja: '… 他 {count} 件: すべては -o json で' },
  pending: { en: 'pending', ja: '確認中' },
  notReady: { en: 'no: {reason}', ja: '無効: {reason}' },
  yes: { en: 'ready', ja: '有効' },
} as const satisfies Readonly<Record<string, Localized>>;

const modeWords: Readonly<Record<string, Localized>> = {
  Enforce: { en: 'Enforce: policies that enforce deny', ja: 'Enforce: 強制するポリシーが拒否します' },
  Warn: { en: 'Warn: nobody is denied, senders are warned', ja: 'Warn: 拒否せず、送信者に警告します' },
  Audit: { en: 'Audit: nobody is denied, findings are recorded', ja: 'Audit: 拒否せず、記録だけします' },
};
const stateWords = {
  active: { en: '{count} active', ja: '有効 {count} 件' },
  expiring: { en: '{count} expiring', ja: 'まもなく失効 {count} 件' },
  expired: { en: '{count} expired', ja: '失効 {count} 件' },
  refused: { en: '{count} refused', ja: '無効 {count} 件' },
} as const;
const failureWords: Readonly<Record<string, Localized>> = {
  Ignore: { en: '{name}: Ignore (what nobody answers is admitted)', ja: '{name}: Ignore (応答がなければ許可)' },
  Fail: { en: '{name}: Fail (what nobody answers is refused)', ja: '{name}: Fail (応答がなければ拒否)' },
};

/** Rows of one list; who wants all of a thousand policies has JSON. */
const mostRows = 20;
/** Code points of one text that comes from the cluster. */
const longest = 256;

/** What the screen is made of. */
export interface StatusTable {
  readonly status: InstallationStatus;
  readonly troubles: readonly Trouble[];
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Nothing was kept from whoever asks. */
  readonly complete: boolean;
}

/** One screen: what needs attention with its remedy, then how things are. */
export function renderStatusTable(table: StatusTable, style: TableStyle): string {
  const { status } = table;
  const say = (text: Localized, values?: Readonly<Record<string, string>>): string =>
    localize(text, style.locale, values);
  const rows = factsOf(table, say);
  const heading = paint(
    `Sekisho ${printable(status.name, longest)} (${printable(status.namespace, longest)})`,
    1,
    style,
  );
  const facts = alignColumns(rows.map(([title, text]) => [title, text]));
  const lines = [
    heading,
    '',
    ...attention(table, style),
    '',
    ...facts,
    ...section(say(words.policies), policyRows(status, say), style),
    ...section(say(words.exceptions), exceptionRows(status, say), style),
  ];
  return `${lines.join('\n')}\n`;
}

type Say = (text: Localized, values?: Readonly<Record<string, string>>) => string;

function attention({ troubles, complete }: StatusTable, style: TableStyle): readonly string[] {
  if (troubles.length === 0) {
    return [paint(localize(complete ? words.healthy : words.unread, style.locale), complete ? 32 : 33, style)];
  }
  const shown = troubles.slice(0, mostRows).flatMap(({ code, values }) => {
    const safe = Object.fromEntries(Object.entries(values).map(([key, text]) => [key, printable(text, longest)]));
    const { what, remedy } = troubleTexts[code];
    return [
      `  ${paint('✗', 31, style)} ${localize(what, style.locale, safe)}`,
      `      ${paint(localize(remedy, style.locale, safe), 2, style)}`,
    ];
  });
  const rest = troubles.length - mostRows;
  const more = rest > 0 ? [`  ${localize(words.more, style.locale, { count: String(rest) })}`] : [];
  return [paint(localize(words.attention, style.locale), 1, style), ...shown, ...more];
}

function factsOf({ status, now }: StatusTable, say: Say): readonly (readonly [string, string])[] {
  const { mode, processes, webhook } = status;
  const ofWebhook = (text: (live: WebhookStatus) => string): string =>
    tell(webhook, say, (live) => (live === undefined ? say(words.missing) : text(live)));
  const replicas = processes.map(({ component, replicas: counted }) =>
    tell(counted, say, (value) => {
      if (value === undefined) return `${component}: ${say(words.missing)}`;
      return say(words.ready, { component, ready: String(value.ready), wanted: String(value.wanted) });
    }),
  );
  return [
    [say(words.mode), tell(mode, say, (value) => say(modeWords[value] ?? words.none))],
    [say(words.failurePolicy), ofWebhook((live) => failurePolicies(live, say))],
    [say(words.replicas), [...new Set(replicas)].join(', ')],
    [say(words.certificate), ofWebhook((live) => certificateText(live, now, say))],
    [say(words.coverage), ofWebhook((live) => coverageText(live, say))],
    [say(words.excluded), ofWebhook((live) => excludedText(live, say))],
  ];
}

function tell<Value>(reading: Reading<Value>, say: Say, text: (value: Value) => string): string {
  if ('value' in reading) return text(reading.value);
  if (reading.unknown === 'forbidden') return say(words.forbidden, { needs: printable(reading.needs, longest) });
  return say(words.failed, { reason: printable(reading.reason, longest) });
}

function failurePolicies({ entries }: WebhookStatus, say: Say): string {
  const texts = entries.map(({ name, failurePolicy }) => {
    const text = Object.hasOwn(failureWords, failurePolicy) ? failureWords[failurePolicy] : undefined;
    return text === undefined
      ? `${printable(name, longest)}: ${printable(failurePolicy, longest)}`
      : say(text, { name: printable(name, longest) });
  });
  return texts.length === 0 ? say(words.none) : texts.join(', ');
}

function certificateText({ certificate }: WebhookStatus, now: number, say: Say): string {
  if (certificate === undefined) return say(words.none);
  const days = String(daysBetween(now, Date.parse(certificate.notAfter)));
  return say(words.days, { days, date: certificate.notAfter.slice(0, 10) });
}

function coverageText({ paths }: WebhookStatus, say: Say): string {
  const covered = paths.filter(({ open }) => open === undefined).map(({ path }) => path);
  return say(words.paths, { covered: String(covered.length), all: String(paths.length), names: covered.join(' ') });
}

function excludedText({ excluded }: WebhookStatus, say: Say): string {
  if (excluded.length === 0) return say(words.none);
  return say(words.namespaces, { names: excluded.map((name) => printable(name, longest)).join(', ') });
}

function section(title: string, rows: readonly string[], style: TableStyle): readonly string[] {
  return ['', paint(title, 1, style), ...rows.map((row) => `  ${row}`)];
}

function policyRows({ policies }: InstallationStatus, say: Say): readonly string[] {
  const { files, cluster } = policies;
  const all = [...(known(files) ?? []), ...(known(cluster) ?? [])];
  const unread = [files, cluster].flatMap((reading) => ('value' in reading ? [] : [tell(reading, say, () => '')]));
  const rows = all.slice(0, mostRows).map((policy) => policyRow(policy, say));
  if (rows.length + unread.length === 0) return [say(words.none)];
  const rest = all.length - mostRows;
  return [...alignColumns(rows), ...(rest > 0 ? [say(words.more, { count: String(rest) })] : []), ...new Set(unread)];
}

function policyRow(
  { name, source, mode, level, sections = [], namespaces, ready, reason }: PolicyStatus,
  say: Say,
): readonly string[] {
  const state =
    ready === undefined ? say(words.pending) : ready ? say(words.yes) : say(words.notReady, { reason: reason ?? '' });
  const asked = [level ?? [], sections].flat().join(', ') || '-';
  return [name, mode ?? '-', asked, namespaces ?? '-', source, state].map((cell) => printable(cell, longest));
}

function exceptionRows({ exceptions }: InstallationStatus, say: Say): readonly string[] {
  if (!('value' in exceptions)) return [tell(exceptions, say, () => '')];
  const all = exceptions.value;
  const count = (state: string): string => String(all.filter((each) => each.state === state).length);
  const counted = exceptionStates.map((state) => say(stateWords[state], { count: count(state) })).join(', ');
  const telling = all
    .filter(({ state }) => state !== 'active')
    .toSorted((a, b) => (a.expiresAt < b.expiresAt ? -1 : 1));
  const rows = telling
    .slice(0, mostRows)
    .map(({ name, state, expiresAt, owner = '-', reason }) =>
      [name, state, expiresAt, owner, reason].map((cell) => printable(cell, longest)),
    );
  const rest = telling.length - mostRows;
  return [counted, ...alignColumns(rows), ...(rest > 0 ? [say(words.more, { count: String(rest) })] : [])];
}
