import { messageOf } from '../../core/error.ts';
import type { Clock } from '../clock.ts';
import type { ClusterClient } from '../cluster/client.ts';
import { refusal } from '../cluster/refusal.ts';
import { type Contender, heldRecord, nextStep, type Observation, observe, releasedRecord } from './election.ts';
import { type LeaseName, type LeaseObject, leasePath, parseLease, recordOf, withRecord } from './lease.ts';
import { createOffice, type Office, type OfficeOptions } from './office.ts';

export interface ElectorOptions extends Contender, Omit<OfficeOptions, 'renewDeadline'> {
  readonly client: ClusterClient;
  readonly lease: LeaseName;
  readonly clock: Clock;
  /** From 0 to 1. */
  random(): number;
  /** Another holds the lease; told once for each. */
  onWaiting(holder: string): void;
  /** Why the lease could not be read or written, told when that changes. */
  onTrouble(reason: string): void;
}

/** A candidate for the lease; disposed, it gives the lease back once what it did as leader has ended. */
export interface Elector extends AsyncDisposable {
  leading(): boolean;
}

/** What is remembered from one attempt to the next. */
interface Campaign {
  readonly options: ElectorOptions;
  readonly office: Office;
  readonly stop: AbortSignal;
  /** As it was read or written last; undefined: unknown, or known to be outdated. */
  lease: LeaseObject | undefined;
  observation: Observation | undefined;
  /** A write was sent, whatever became of it: the lease may be ours. */
  wrote: boolean;
  /** What was told last of who holds the lease, and of what went wrong. */
  holder: string;
  trouble: string;
}

/** The reason that `onLost` is told where the elector is disposed: every other is a loss. */
export const resigning = 'stopping';

/** Whoever does not end in this time keeps the lease until it expires: better a pause than two leaders. */
const endMilliseconds = 4_000;

/**
 * Contends for a lease until disposed. client-go's semantics: expiry is judged by when this process saw the record
 * change, deadlines by a monotonic clock, every write is fenced by resourceVersion.
 */
export function startElector(options: ElectorOptions): Elector {
  const { clock, timing, onElected, onLost } = options;
  const stop = new AbortController();
  const office = createOffice({ clock, renewDeadline: timing.renewDeadline, onElected, onLost });
  const campaign: Campaign = {
    options,
    office,
    stop: stop.signal,
    lease: undefined,
    observation: undefined,
    wrote: false,
    holder: '',
    trouble: '',
  };
  const ended = contend(campaign);
  let disposing: Promise<void> | undefined;
  return {
    leading: office.held,
    [Symbol.asyncDispose]() {
      stop.abort();
      office.lose(resigning);
      disposing ??= ended.then(() => resign(campaign));
      return disposing;
    },
  };
}

async function contend(campaign: Campaign): Promise<void> {
  const { options, office, stop } = campaign;
  while (!stop.aborted) {
    let failed = false;
    try {
      await attempt(campaign);
      tell(campaign);
    } catch (thrown) {
      failed = true;
      campaign.lease = undefined;
      tell(campaign, messageOf(thrown));
    }
    await options.clock.sleep(pauseAfter(campaign, failed), stop);
    // A new term must not begin beside what is left of the last one.
    if (!office.held() && !office.vacant()) await Promise.race([office.vacated(), aborted(stop)]);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

function tell(campaign: Campaign, trouble = ''): void {
  const { options, office, observation } = campaign;
  if (trouble !== '' && trouble !== campaign.trouble) options.onTrouble(trouble);
  campaign.trouble = trouble;
  if (trouble !== '') return;
  const holder = office.held() ? '' : (observation?.record.holder ?? '');
  if (holder !== '' && holder !== campaign.holder && holder !== options.identity) options.onWaiting(holder);
  campaign.holder = holder;
}

/** A leader first tries to write over what it wrote last, which saves the reading. */
async function attempt(campaign: Campaign): Promise<void> {
  const { options, office } = campaign;
  if (campaign.lease !== undefined && office.held() && (await write(campaign, campaign.lease))) return;
  const lease = await read(campaign);
  const record = recordOf(lease);
  campaign.observation = observe(campaign.observation, record, options.clock.monotonic());
  if (nextStep(campaign.observation, options, options.clock.monotonic()).step === 'wait') {
    office.lose(`the lease was taken by ${record.holder}`);
    return;
  }
  if (campaign.stop.aborted || (await write(campaign, lease))) return;
  throw new Error('somebody else wrote the lease at the same moment');
}

async function read({ options, office }: Campaign): Promise<LeaseObject> {
  const path = leasePath(options.lease);
  const answer = await options.client.request({ method: 'GET', path, timeout: timeoutOf(options, office) });
  const lease = answer.status === 200 ? parseLease(answer.body) : undefined;
  if (lease !== undefined) return lease;
  const remedy = answer.status === 404 ? ' (it is part of the installation and is not made here: restore it)' : '';
  throw refusal(`cannot read the Lease ${options.lease.namespace}/${options.lease.name}${remedy}`, answer);
}

/** False where another write was faster. */
async function write(campaign: Campaign, lease: LeaseObject): Promise<boolean> {
  const { options, office, stop } = campaign;
  const { client, clock } = options;
  const record = heldRecord(recordOf(lease), options, clock.wall());
  const timeout = timeoutOf(options, office);
  const sent = clock.monotonic();
  campaign.wrote = true;
  const body = withRecord(lease, record);
  const answer = await client.request({ method: 'PUT', path: writePath(options), body, timeout });
  const written = answer.status === 200 ? parseLease(answer.body) : undefined;
  campaign.lease = written;
  if (written !== undefined) {
    campaign.observation = observe(campaign.observation, recordOf(written), clock.monotonic());
    if (!stop.aborted) office.confirm(sent);
    return true;
  }
  if (answer.status === 409) return false;
  throw refusal(`cannot update the Lease ${options.lease.namespace}/${options.lease.name}`, answer);
}

function writePath({ lease }: ElectorOptions): string {
  return `${leasePath(lease)}?fieldManager=sekisho-controller`;
}

/** Several attempts fit before the deadline; none goes on after it, when its answer would mean nothing. */
function timeoutOf({ timing, clock }: ElectorOptions, office: Office): number {
  const third = timing.renewDeadline / 3;
  return office.held() ? Math.max(1, Math.min(third, office.deadline() - clock.monotonic())) : third;
}

/** Jittered, so that candidates do not all look at the same moment. */
function pauseAfter({ options, office, observation }: Campaign, failed: boolean): number {
  const { timing, clock, random } = options;
  const period = timing.retryPeriod * (1 + 0.2 * random());
  if (office.held()) return failed ? period / 2 : period;
  if (failed || observation === undefined) return period;
  const now = clock.monotonic();
  const step = nextStep(observation, options, now);
  // A lease that will expire sooner is looked at when it does.
  return step.step === 'wait' ? Math.min(period, step.until - now + (timing.retryPeriod / 8) * random() + 1) : period;
}

/** Gives the lease back, if it is ours and nothing is done in its name any more. */
async function resign(campaign: Campaign): Promise<void> {
  const { options, office, wrote } = campaign;
  if (!wrote) return;
  const { clock, client } = options;
  const patience = new AbortController();
  const vacated = office.vacated().then(() => true);
  const overdue = clock.sleep(endMilliseconds, patience.signal).then(() => false);
  const vacant = await Promise.race([vacated, overdue]);
  patience.abort();
  if (!vacant) return options.onTrouble('what was begun as leader has not ended, the lease stays until it expires');
  try {
    for (let attempts = 0; attempts < 3; attempts++) {
      const lease = await read(campaign);
      const record = recordOf(lease);
      if (record.holder !== options.identity) return;
      const body = withRecord(lease, releasedRecord(record, clock.wall()));
      const answer = await client.request({ method: 'PUT', path: writePath(options), body, timeout: 2_000 });
      if (answer.status !== 409) return;
    }
  } catch (thrown) {
    options.onTrouble(`the lease could not be given back: ${messageOf(thrown)}`);
  }
}
