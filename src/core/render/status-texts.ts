import type { Localized } from '../locale.ts';
import type { TroubleText } from './status-troubles.ts';

const upgrade: Localized = {
  en: 'helm upgrade {release} CHART -n {namespace} --reset-then-reuse-values; why: docs/when-it-breaks.md',
  ja: 'helm upgrade {release} CHART -n {namespace} --reset-then-reuse-values。理由: docs/when-it-breaks.md',
};
const logs: Localized = {
  en: 'kubectl -n {namespace} logs deploy/{installation}-controller',
  ja: 'kubectl -n {namespace} logs deploy/{installation}-controller',
};
const pods: Localized = {
  en: 'kubectl -n {namespace} get pods; kubectl -n {namespace} describe deploy/{deployment}',
  ja: 'kubectl -n {namespace} get pods; kubectl -n {namespace} describe deploy/{deployment}',
};
const notInForce: Localized = {
  en: 'policy {name} is not in force: {message}',
  ja: 'ポリシー {name} は無効です: {message}',
};

/** What needs attention, in words. Commands stand as they are typed. */
export const troubleTexts = {
  configurationMissing: {
    what: {
      en: 'the webhook configuration {name} does not exist: nobody is asked, every pod is admitted',
      ja: 'Webhook 設定 {name} がありません。誰にも問い合わせず、すべての Pod が許可されます',
    },
    remedy: upgrade,
  },
  pathOpen: {
    what: { en: '{path}: not judged: {reason}', ja: '{path}: 検査されません: {reason}' },
    remedy: upgrade,
  },
  nobodyTrusted: {
    what: {
      en: 'the webhook configuration {configuration} trusts no certificate: every call fails',
      ja: 'Webhook 設定 {configuration} が信頼する証明書がありません。すべての呼び出しが失敗します',
    },
    remedy: logs,
  },
  certificateExpired: {
    what: {
      en: 'the CA expired at {date}: every call fails',
      ja: 'CA は {date} に失効しました。すべての呼び出しが失敗します',
    },
    remedy: logs,
  },
  certificateExpiring: {
    what: {
      en: 'the CA is valid for {days} more days and was not replaced',
      ja: 'CA の有効期間は残り {days} 日ですが、更新されていません',
    },
    remedy: logs,
  },
  deploymentMissing: {
    what: { en: 'the Deployment {deployment} does not exist', ja: 'Deployment {deployment} がありません' },
    remedy: upgrade,
  },
  noneReady: {
    what: {
      en: '{deployment}: none of {wanted} pods is Ready',
      ja: '{deployment}: {wanted} 個の Pod がどれも Ready ではありません',
    },
    remedy: pods,
  },
  fewReady: {
    what: {
      en: '{deployment}: {ready} of {wanted} pods are Ready',
      ja: '{deployment}: Ready の Pod は {wanted} 個中 {ready} 個です',
    },
    remedy: pods,
  },
  noPolicy: {
    what: { en: 'no policy can be used: nothing is judged', ja: '使えるポリシーがありません。何も検査されません' },
    remedy: {
      en: 'kubectl apply -f POLICY, or policies.podSecurity.enabled=true in the chart',
      ja: 'kubectl apply -f POLICY、またはチャートで policies.podSecurity.enabled=true',
    },
  },
  policyBroken: {
    what: notInForce,
    remedy: { en: 'kubectl edit podpolicy {name}', ja: 'kubectl edit podpolicy {name}' },
  },
  policyNameTaken: {
    what: notInForce,
    remedy: {
      en: 'apply it under another name, then kubectl delete podpolicy {name}',
      ja: '別の名前で適用し、kubectl delete podpolicy {name}',
    },
  },
  policyNotJudged: {
    what: {
      en: 'policy {name}: the controller has not said whether it can be used',
      ja: 'ポリシー {name}: 使えるかどうかをコントローラーがまだ報告していません',
    },
    remedy: logs,
  },
  filePolicyBroken: {
    what: { en: 'policy {name} of the chart: {message}', ja: 'チャートのポリシー {name}: {message}' },
    remedy: upgrade,
  },
  exceptionExpired: {
    what: { en: 'exception {name} expired at {date}', ja: '例外 {name} は {date} に失効しました' },
    remedy: {
      en: 'kubectl delete podpolicyexception {name}, or set a later spec.expiresAt',
      ja: 'kubectl delete podpolicyexception {name}、または spec.expiresAt を延ばす',
    },
  },
  exceptionExpiring: {
    what: { en: 'exception {name} ends at {date}', ja: '例外 {name} は {date} に失効します' },
    remedy: {
      en: 'repair what it excuses, or set a later spec.expiresAt',
      ja: '対象を修正するか、spec.expiresAt を延ばす',
    },
  },
  exceptionRefused: {
    what: { en: 'exception {name} has no effect: {message}', ja: '例外 {name} は効力がありません: {message}' },
    remedy: { en: 'kubectl edit podpolicyexception {name}', ja: 'kubectl edit podpolicyexception {name}' },
  },
} as const satisfies Readonly<Record<string, TroubleText>>;
