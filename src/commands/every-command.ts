import type { Command } from 'commander';

/** Adds a subcommand to the program. */
export type AddCommand = (program: Command) => void;

/** Each subcommand's file is read only when it is asked for: starting is most of what a short command does. */
export const everyCommand: Readonly<Record<string, () => Promise<AddCommand>>> = {
  serve: async () => (await import('./serve.ts')).addServeCommand,
  controller: async () => (await import('./controller.ts')).addControllerCommand,
  review: async () => (await import('./review.ts')).addReviewCommand,
  check: async () => (await import('./check.ts')).addCheckCommand,
  fix: async () => (await import('./fix.ts')).addFixCommand,
  test: async () => (await import('./test.ts')).addTestCommand,
  status: async () => (await import('./status.ts')).addStatusCommand,
  policy: async () => (await import('./policy.ts')).addPolicyCommand,
  explain: async () => (await import('./explain.ts')).addExplainCommand,
  completion: async () => (await import('./completion.ts')).addCompletionCommand,
  version: async () => (await import('./version.ts')).addVersionCommand,
};
