import { messageOf } from '../core/error.ts';
import type { Clock } from '../io/clock.ts';
import type { ClusterClient } from '../io/cluster/client.ts';
import { webhookConfiguration as configurationNamed, pathOf } from '../io/cluster/object.ts';
import { refusal } from '../io/cluster/refusal.ts';

export interface CleanupOptions {
  readonly client: ClusterClient;
  readonly webhookConfiguration: string;
  readonly clock: Clock;
  /** One line for whoever reads the log of the job. */
  write(line: string): void;
}

/** Milliseconds. An uninstall that gives up leaves a configuration whose webhook is about to go. */
const patience = 60_000;
const longestPause = 8_000;

/** Deletes the webhook configuration, before the pods that answer it go. Returns the exit code. */
export async function cleanUp({ client, webhookConfiguration: name, clock, write }: CleanupOptions): Promise<number> {
  const deadline = clock.monotonic() + patience;
  const path = pathOf(configurationNamed(name));
  for (let pause = 500; ; pause = Math.min(pause * 2, longestPause)) {
    try {
      const answer = await client.request({ method: 'DELETE', path });
      if (answer.status === 404) {
        write(`the webhook configuration ${name} does not exist: nothing to do`);
        return 0;
      }
      if (answer.status < 300) {
        write(`deleted the webhook configuration ${name}`);
        return 0;
      }
      throw refusal(`cannot delete the webhook configuration ${name}`, answer);
    } catch (thrown) {
      const over = clock.monotonic() + pause > deadline;
      write(`${messageOf(thrown)}${over ? '; giving up' : '; trying again'}`);
      if (over) return 1;
      await clock.sleep(pause);
    }
  }
}
