import { Argument, type Command } from 'commander';

const details = `
  bash  source <(sekisho completion bash)                 in ~/.bashrc
  zsh   source <(sekisho completion zsh)                  in ~/.zshrc, after compinit
  fish  sekisho completion fish | source                  in ~/.config/fish/config.fish`;

export function addCompletionCommand(program: Command): void {
  program
    .command('completion')
    .description('Print a script that completes commands in a shell')
    .addArgument(new Argument('<shell>', 'which shell').choices(['bash', 'zsh', 'fish']))
    .addHelpText('after', details)
    .action(async (shell: 'bash' | 'zsh' | 'fish') => {
      const [{ describeCommands }, scripts, { writeOutput }] = await Promise.all([
        import('./completing.ts'),
        import('./completion-scripts.ts'),
        import('../io/output.ts'),
      ]);
      const described = await describeCommands(program);
      const write = { bash: scripts.bashScript, zsh: scripts.zshScript, fish: scripts.fishScript }[shell];
      await writeOutput(write(described));
    });
}
