import { once } from 'node:events';
import { mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { podWith, reviewOf } from '../admission-requests.ts';
import { newFolder, run, type Serving, serve } from './running-sekisho.ts';

let dir: string;
beforeAll(async () => {
  dir = await newFolder();
});
afterAll(() => rm(dir, { recursive: true }));

const policy = (name: string, level = 'baseline'): string =>
  `apiVersion: sekisho.dev/v1alpha1\nkind: PodPolicy\nmetadata: {name: ${name}}\nspec: {mode: Enforce, podSecurity: {level: ${level}}}\n`;

type Files = Readonly<Record<string, string>>;

/** A new version of a ConfigMap volume, step by step as kubelet makes it. */
async function swap(folder: string, k: number, files: Files): Promise<void> {
  const version = `v${k}`;
  await mkdir(join(folder, `..${version}`), { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, `..${version}`, name), text);
  await symlink(`..${version}`, join(folder, '..data_tmp'));
  await rename(join(folder, '..data_tmp'), join(folder, '..data'));
  for (const name of Object.keys(files)) {
    await symlink(join('..data', name), join(folder, name)).catch(() => undefined);
  }
  await rm(join(folder, `..v${k - 1}`), { recursive: true, force: true });
}

async function startServing(name: string, policies: readonly string[]) {
  const folder = join(dir, name);
  const running = await serve(['--dev', '--dir', folder, ...policies.flatMap((source) => ['-p', source])]);
  return { running, ca: await readFile(join(folder, 'ca.crt'), 'utf8') };
}

const body = JSON.stringify(reviewOf(podWith({ hostPID: true })));

async function ask({ url }: Serving, ca: string, agent: Agent): Promise<{ allowed: boolean; message: string }> {
  const headers = { 'content-type': 'application/json', 'content-length': body.length };
  const call = request(`${url}/validate?timeout=10s`, { method: 'POST', ca, agent, headers });
  call.end(body);
  const [answer] = (await once(call, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of answer) text += chunk;
  const { allowed, status } = JSON.parse(text).response;
  return { allowed, message: status?.message ?? '' };
}

const metricsOf = async ({ probeUrl }: Serving): Promise<string> => (await fetch(`${probeUrl}/metrics`)).text();
const namesIn = (message: string): string => /polic(?:y|ies) (.*)$/m.exec(message)?.[1] ?? '';
const waiting = { timeout: 20_000, interval: 25 };

describe('policies that change under sekisho serve', () => {
  test('50 swaps under 10,000 requests: each is judged by the whole old set or the whole new one', async () => {
    const [swaps, requests, callers, brokenAt] = [52, 10_000, 4, 20];
    const folder = join(dir, 'policies');
    const version = (k: number): Files => ({
      'left.yaml': k === brokenAt ? policy(`left-${k}`, 'strict') : policy(`left-${k}`),
      'right.yaml': policy(`right-${k}`),
    });
    // The broken one leaves the last good one where it was.
    const expected = Array.from({ length: swaps + 1 }, (_, k) =>
      k === brokenAt ? `left-${k - 1}, right-${k}` : `left-${k}, right-${k}`,
    );
    await swap(folder, 0, version(0));
    const { running, ca } = await startServing('swapped', [folder]);
    await using _running = running;
    let answered = 0;
    let newest = 0;
    let swapping = true;
    const wrong: string[] = [];
    const call = async (): Promise<void> => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      let at = 0;
      while (swapping || answered < requests) {
        const { allowed, message } = await ask(running, ca, agent);
        const index = expected.indexOf(namesIn(message), at);
        if (allowed || index < 0) wrong.push(message || 'allowed');
        else at = index;
        newest = Math.max(newest, at);
        answered++;
        // The swaps take a second each: no need to keep a processor busy all that time.
        await sleep(10);
      }
      agent.destroy();
    };
    const calling = Promise.all(Array.from({ length: callers }, call));
    for (let k = 1; k <= swaps; k++) {
      await swap(folder, k, version(k));
      await expect.poll(() => newest, waiting).toBe(k);
      if (k !== brokenAt) continue;
      expect(await metricsOf(running)).toMatch(/^sekisho_policies\{mode="Enforce",ready="false"\} 1$/m);
    }
    swapping = false;
    await calling;
    expect(wrong.slice(0, 3)).toEqual([]);
    expect(answered).toBeGreaterThanOrEqual(requests);
    const replaced = () => running.lines.filter(({ msg }) => msg === 'policies replaced').length;
    await expect.poll(replaced, waiting).toBe(swaps);
    const refused = running.lines.filter(({ level }) => level === 'error');
    expect(refused).toEqual([
      expect.objectContaining({
        msg: 'policy cannot be used, the last good version stays',
        policies: [`left-${brokenAt - 1}`],
        reason: expect.stringMatching(/left\.yaml:4:\d+: spec\.podSecurity\.level: /),
      }),
    ]);
    const metrics = await metricsOf(running);
    expect(metrics).toMatch(/^sekisho_policies\{mode="Enforce",ready="true"\} 2$/m);
    expect(metrics).not.toMatch(/ready="false"/);
  }, 300_000);

  test('a policy broken from the start stops no other, is a finding, and readiness does not mind', async () => {
    const folder = join(dir, 'broken');
    await mkdir(folder);
    await writeFile(join(folder, 'team.yaml'), policy('team', 'strict'));
    await writeFile(join(folder, 'lost.yaml'), 'kind: PodPolicy: [\n');
    const { running, ca } = await startServing('unread', ['builtin:baseline', folder]);
    await using _running = running;
    const agent = new Agent();
    const { allowed, message } = await ask(running, ca, agent);
    expect(allowed).toBe(false);
    expect(message).toContain('2 violations of policies builtin:baseline, team');
    expect(message).toContain('the policy could not be read');
    expect((await fetch(`${running.probeUrl}/readyz`)).status).toBe(200);
    const told = running.lines.filter(({ level }) => level === 'error').map(({ msg }) => msg);
    expect(told.sort()).toEqual([
      'policy cannot be used, left out',
      'policy cannot be used, what it matches gets a finding',
    ]);
    const metrics = await metricsOf(running);
    expect(metrics).toMatch(/^sekisho_policies\{mode="Enforce",ready="true"\} 1$/m);
    expect(metrics).toMatch(/^sekisho_policies\{mode="Enforce",ready="false"\} 1$/m);
    expect(metrics).toMatch(/^sekisho_policies\{mode="unknown",ready="false"\} 1$/m);
    expect(metrics).toMatch(/^sekisho_findings_total\{policy="team",rule="unreadPolicy",mode="Enforce"\} 1$/m);
    await writeFile(join(folder, 'team.yaml'), policy('team'));
    await rm(join(folder, 'lost.yaml'));
    await running.logged('policies replaced');
    const after = await ask(running, ca, agent);
    expect(namesIn(after.message)).toBe('builtin:baseline, team');
    expect(after.message).not.toContain('could not be read');
    await expect.poll(() => metricsOf(running), waiting).not.toMatch(/ready="false"/);
  });

  test('two of one name do not start, for check and review a broken one is the end', async () => {
    const folder = join(dir, 'twice');
    await mkdir(folder);
    await writeFile(join(folder, 'a.yaml'), policy('same'));
    await writeFile(join(folder, 'b.yaml'), policy('same'));
    const ports = ['--port', '0', '--probe-port', '0', '--dev', '--dir', join(dir, 'none')];
    const refused = await run(['serve', ...ports, '-p', folder]);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringMatching(/the policy same stands in/)]);
    await writeFile(join(folder, 'b.yaml'), policy('other', 'strict'));
    for (const command of ['check', 'review']) {
      const { code, stderr } = await run([command, '-p', folder, ...(command === 'check' ? [folder] : [])]);
      expect([command, code, stderr]).toEqual([command, 2, expect.stringMatching(/b\.yaml:4:\d+: spec\.podSecurity/)]);
    }
  });
});
