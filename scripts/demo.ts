import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { styleText } from 'node:util';
import { parse } from 'yaml';

/*
 * `make demo`: the webhook on loopback, asked over verified TLS what a real kube-apiserver asked it (recorded by
 * e2e/record-reviews.ts), and its answers as kubectl would print them. Needs nothing but Node.
 */
const root = join(import.meta.dirname, '..');

interface Review {
  request: { uid: string; name: string; namespace: string; operation: string; kind: { kind: string }; object: unknown };
}

interface Response {
  uid: string;
  allowed: boolean;
  status?: { message: string };
  warnings?: readonly string[];
  auditAnnotations?: Readonly<Record<string, string>>;
}

type Json = Record<string, unknown>;

/** A running `sekisho serve --dev` and a way to ask it. */
interface Webhook extends AsyncDisposable {
  readonly url: string;
  ask(review: Review): Promise<Response>;
}

async function startWebhook(folder: string, args: readonly string[]): Promise<Webhook> {
  const command = ['serve', '--dev', '--dir', folder, '--port', '0', '--probe-port', '0', ...args];
  const child = spawn(join(root, 'bin/sekisho'), command, { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  const url = await Promise.race([listeningUrl(child), exited.then(() => undefined)]);
  if (url === undefined) throw new Error('the webhook ended before it listened');
  const agent = new Agent({ ca: await readFile(join(folder, 'ca.crt')), keepAlive: true });
  return {
    url,
    ask: (review) => ask(`${url}/validate?timeout=10s`, agent, review),
    async [Symbol.asyncDispose]() {
      agent.destroy();
      child.kill('SIGTERM');
      await exited;
    },
  };
}

type Child = ReturnType<typeof spawn>;

/** Both streams are read to their end, so that a full pipe never stops the webhook. */
function listeningUrl({ stdout, stderr }: Child): Promise<string> {
  return new Promise((resolve) => {
    for (const stream of [stdout, stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (line) => {
        if (!line.startsWith('{')) process.stderr.write(`${line}\n`);
        else if (line.includes('"listening"')) resolve((JSON.parse(line) as { url: string }).url);
      });
    }
  });
}

function ask(url: string, agent: Agent, review: Review): Promise<Response> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const call = request(url, { method: 'POST', agent, headers, timeout: 10_000 }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => {
        const { response } = JSON.parse(Buffer.concat(chunks).toString()) as { response: Response };
        if (answer.statusCode !== 200 || response.uid !== review.request.uid) reject(new Error('not an answer'));
        else resolve(response);
      });
    });
    call.on('timeout', () => call.destroy(new Error('no answer within 10 s')));
    call.on('error', reject);
    call.end(JSON.stringify(review));
  });
}

/** What `kubectl patch --type=strategic` does with a patch that Sekisho proposes: list items merge by name or port. */
function applyProposal(target: unknown, patch: unknown): unknown {
  if (Array.isArray(patch) && Array.isArray(target)) {
    const key = ['name', 'containerPort'].find((field) => patch.every((item) => isObject(item) && field in item));
    if (key === undefined) return patch;
    return target.map((item: Json) => {
      const change = patch.find((candidate: Json) => candidate[key] === item[key]);
      return change === undefined ? item : applyProposal(item, change);
    });
  }
  if (!isObject(patch)) return patch;
  const merged: Json = isObject(target) ? { ...target } : {};
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) delete merged[field];
    else merged[field] = applyProposal(merged[field], value);
  }
  return merged;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The line below `These changes satisfy …:`. */
function proposalIn(message: string): string {
  const lines = message.split('\n');
  return lines[lines.findIndex((line) => line.startsWith('These changes satisfy')) + 1]?.trim() ?? '';
}

function title(text: string): void {
  process.stdout.write(`\n${styleText('bold', `── ${text} `.padEnd(100, '─'))}\n`);
}

function command(text: string): void {
  process.stdout.write(`${styleText('dim', `$ ${text}`)}\n`);
}

/** Prints an answer as kubectl does. */
function show({ request: { kind, name } }: Review, file: string, response: Response): void {
  for (const warning of response.warnings ?? [])
    process.stdout.write(`${styleText('yellow', 'Warning:')} ${warning}\n`);
  if (response.allowed) process.stdout.write(`${styleText('green', `${kind.kind.toLowerCase()}/${name} created`)}\n`);
  else {
    const prefix = `Error from server (Forbidden): error when creating "${file}": admission webhook "pods.sekisho.dev" denied the request: `;
    process.stdout.write(`${styleText('red', prefix)}${response.status?.message}\n`);
  }
}

async function recorded(name: string): Promise<Review> {
  return JSON.parse(await readFile(join(root, `test/data/reviews/${name}.json`), 'utf8')) as Review;
}

function expectVerdict({ allowed }: Response, expected: boolean): void {
  if (allowed !== expected) throw new Error(`expected ${expected ? 'allowed' : 'denied'}, got the opposite`);
}

async function demonstrateEnforce(folder: string): Promise<void> {
  title('1. A pod with a few mistakes, under the restricted level of the Pod Security Standards');
  await using webhook = await startWebhook(folder, ['--policy', 'builtin:restricted']);
  command('sekisho serve --dev --policy builtin:restricted');
  command('kubectl apply -f web.yaml');
  const pod = await recorded('pod-bad');
  const denied = await webhook.ask(pod);
  expectVerdict(denied, false);
  show(pod, 'web.yaml', denied);

  title('2. The same pod with the proposed changes');
  const proposal = proposalIn(denied.status?.message ?? '');
  command(`kubectl patch --local -f web.yaml --type=strategic -p '${proposal}' -o yaml | kubectl apply -f -`);
  const repaired = { request: { ...pod.request, object: applyProposal(pod.request.object, parse(proposal)) } };
  const allowed = await webhook.ask({ ...pod, ...repaired });
  expectVerdict(allowed, true);
  show(pod, 'web.yaml', allowed);

  title('3. A Deployment is rejected at its template, before its pods would fail where nobody looks');
  command('kubectl apply -f deployment.yaml');
  const deployment = await recorded('deployment-bad');
  const rejected = await webhook.ask(deployment);
  expectVerdict(rejected, false);
  show(deployment, 'deployment.yaml', rejected);
}

async function demonstrateAudit(folder: string): Promise<void> {
  title('4. The same Deployment while the installation only audits');
  const settings = join(folder, 'settings.yaml');
  await writeFile(settings, 'maxMode: Audit\n');
  await using webhook = await startWebhook(folder, ['--policy', 'builtin:restricted', '--config', settings]);
  command('sekisho serve --dev --policy builtin:restricted --config settings.yaml   # maxMode: Audit');
  command('kubectl apply -f deployment.yaml');
  const deployment = await recorded('deployment-bad');
  const audited = await webhook.ask(deployment);
  expectVerdict(audited, true);
  show(deployment, 'deployment.yaml', audited);
  process.stdout.write("\nand the API server's audit log would hold:\n");
  for (const [key, value] of Object.entries(audited.auditAnnotations ?? {})) {
    process.stdout.write(`  pods.sekisho.dev/${key}: ${value}\n`);
  }
}

const folder = await mkdtemp(join(tmpdir(), 'sekisho-demo-'));
try {
  process.stdout.write(
    'Requests recorded from a real kube-apiserver, answered by the webhook over verified TLS on loopback.\n',
  );
  await demonstrateEnforce(folder);
  await demonstrateAudit(folder);
  title('Next');
  process.stdout.write(
    'Check your own manifests:  bin/sekisho check FOLDER -p builtin:restricted\nRead about a rule:         bin/sekisho explain runAsNonRoot\n',
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}
