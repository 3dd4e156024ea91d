/** What kubectl printed of a denial, taken apart. */
export interface PrintedDenial {
  /** From our first word to the last: without what kubectl and the API server put before it. */
  readonly message: string;
  /** `Deployment shop/web: 3 violations of policy production`. */
  readonly heading: string;
  /** One for each violation, from its ✗ on. */
  readonly violations: readonly string[];
  /** `These changes satisfy 3 of 3:`. */
  readonly proposal?: string;
  /** What `kubectl patch --local --type=strategic -p` takes. */
  readonly patch?: string;
  /** `More: sekisho explain … Id: …`. */
  readonly footer: string;
  readonly id: string;
}

const prefix = 'admission webhook "pods.sekisho.dev" denied the request: ';

/** Reads the denial that stands in kubectl's stderr. Throws where there is none. */
export function readDenial(stderr: string): PrintedDenial {
  const start = stderr.indexOf(prefix);
  if (start < 0) throw new Error(`no denial in:\n${stderr}`);
  const text = stderr.slice(start + prefix.length);
  const [, body = '', footer = '', id = ''] =
    /^(.*?)\n((?:More|詳細): .* Id: ([0-9a-f]{16}))(?:\n|$)/s.exec(text) ?? [];
  const [heading = '', ...lines] = body.split('\n');
  const proposal = lines.findIndex((line) => /^(?:These changes |次の変更)/.test(line));
  const changes = proposal < 0 ? {} : { proposal: lines[proposal] ?? '', patch: (lines[proposal + 1] ?? '').trim() };
  const violations = lines.filter((line) => line.startsWith('  ✗ ')).map((line) => line.trim());
  return { message: `${body}\n${footer}`, heading, violations, ...changes, footer, id };
}
