import { execFileSync } from 'node:child_process';
import { beforeAll, describe, expect, test } from 'vitest';
import { everyCommand } from '../../src/commands/every-command.ts';
import { podSecurityRules } from '../../src/core/rules/index.ts';
import { run } from './running-sekisho.ts';

let script: string;
beforeAll(async () => {
  script = (await run(['completion', 'bash'])).stdout;
});

/** What bash offers behind a line. */
function offers(line: string): readonly string[] {
  const ask = `COMP_LINE=$1; COMP_POINT=\${#1}; COMPREPLY=(); _sekisho; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const output = execFileSync('bash', ['-c', `${script}\n${ask}`, 'bash', line], {
    encoding: 'utf8',
    cwd: import.meta.dirname,
  });
  return output.split('\n').filter((word) => word !== '');
}

describe('sekisho completion', () => {
  test('bash offers every command, and its options with their values', () => {
    expect(offers('sekisho ')).toEqual([...Object.keys(everyCommand), '--lang', '--version', '--help']);
    expect(offers('sekisho ch')).toEqual(['check']);
    expect(offers('sekisho check --fa')).toEqual(['--fail-on']);
    expect(offers('sekisho check -o ')).toEqual(['table', 'json', 'yaml']);
    expect(offers('sekisho check --output=j')).toEqual(['json']);
    expect(offers('sekisho --lang ')).toEqual(['en', 'ja']);
    expect(offers('sekisho completion ').slice(0, 3)).toEqual(['bash', 'zsh', 'fish']);
  });

  test('bash offers rules to explain, policies and files to check', () => {
    expect(offers('sekisho --lang ja explain run')).toEqual(['runAsNonRoot', 'runAsUser']);
    expect(offers('sekisho explain privileged sysc')).toEqual(['sysctls']);
    expect(offers('sekisho check -p bui')).toEqual(['builtin:restricted', 'builtin:baseline']);
    // bash takes the colon for the end of a word and replaces only what follows it.
    expect(offers('sekisho check -p builtin:r')).toEqual(['restricted']);
    expect(offers('sekisho check completion.te')).toEqual(['completion.test.ts']);
  });

  test('zsh and fish know the same commands, options and rules', async () => {
    for (const shell of ['zsh', 'fish']) {
      const { code, stdout } = await run(['completion', shell]);
      expect(code).toBe(0);
      for (const name of Object.keys(everyCommand)) expect(stdout).toContain(name);
      for (const { id } of podSecurityRules) expect(stdout).toContain(id);
      expect(stdout).toContain('fail-on');
      expect(stdout).toMatch(/builtin\\{0,2}:restricted/);
    }
  });

  test('another shell exits 2', async () => {
    expect((await run(['completion', 'powershell'])).code).toBe(2);
  });

  test('knows exactly the commands that the program has', async () => {
    const { stdout } = await run(['--help']);
    const listed = [...stdout.matchAll(/^ {2}([a-z]+)(?: |$)/gm)]
      .map(([, name]) => name)
      .filter((name) => name !== 'help');
    expect(listed.sort()).toEqual(Object.keys(everyCommand).sort());
  });
});
