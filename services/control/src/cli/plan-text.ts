/** Plans, faults and the status as lines for a terminal. */
import type { PlanItem } from '@attrium/catalogue';
import type { Fault, PreviewAnswer } from './api-client.js';

const SIGNS: Readonly<Record<PlanItem['kind'], string>> = { added: '+', changed: '~', removed: '-' };

export function planLines(plan: readonly PlanItem[]): string[] {
  return plan.map(({ kind, of, name, notice }) => `${SIGNS[kind]} ${of} ${name}: ${notice}`);
}

export function faultLines(faults: readonly Fault[]): string[] {
  return faults.map(({ path, code, message }) => `${path === '' ? 'catalogue' : path}: ${message} [${code}]`);
}

export function previewLines({ revision, members, profiles, sample }: PreviewAnswer): string[] {
  const percent = profiles === 0 ? '0.0' : ((100 * members) / profiles).toFixed(1);
  return [
    `${members} of ${profiles} profiles (${percent} %), by revision ${revision}`,
    ...sample.map((id) => `  ${id}`),
  ];
}

export interface StatusAnswer {
  readonly ready: boolean;
  readonly waiting: Readonly<Record<string, string>>;
  readonly workspace?: string;
  readonly revision?: number;
  readonly author?: string;
  readonly activatedAt?: string;
  readonly logs: readonly {
    readonly log: string;
    readonly lastSequence: number;
    readonly messages: number;
    readonly bytes: number;
    readonly bytesMax: number;
  }[];
}

export interface BackfillsAnswer {
  readonly backfills: readonly {
    readonly revision: number;
    readonly attributes: readonly string[];
    readonly unnamed: number;
    readonly partitions: readonly { readonly state: string; readonly chunks: number; readonly events: number }[];
  }[];
}

export function backfillLines({ backfills }: BackfillsAnswer): string[] {
  if (backfills.length === 0) return ['Nothing is computed from history now.'];
  return backfills.map(({ revision, attributes, unnamed, partitions }) => {
    const conditions = unnamed === 0 ? [] : [`${unnamed} event conditions`];
    const done = partitions.filter(({ state }) => state === 'done').length;
    const paused = partitions.some(({ state }) => state === 'paused') ? ', paused' : '';
    const events = partitions.reduce((sum, each) => sum + each.events, 0);
    const what = [...attributes, ...conditions].join(', ');
    return `revision ${revision}: ${what}; ${events} events read, ${done} of ${partitions.length} partitions done${paused}`;
  });
}

const MIB = 1024 * 1024;

export function statusLines(status: StatusAnswer): string[] {
  const { ready, waiting, workspace, revision, author, activatedAt, logs } = status;
  const put = author === undefined ? '' : `, put by ${author} at ${activatedAt}`;
  return [
    ready ? 'control is ready' : `control is not ready: ${Object.values(waiting).join('; ')}`,
    ...(workspace === undefined ? [] : [`workspace ${workspace}: catalogue revision ${revision}${put}`]),
    ...logs.map(({ log, lastSequence, messages, bytes, bytesMax }) => {
      const percent = ((100 * bytes) / bytesMax).toFixed(1);
      const size = `${(bytes / MIB).toFixed(1)} MiB`;
      return `  ${log.padEnd(13)} last ${String(lastSequence).padStart(10)}  messages ${String(messages).padStart(10)}  ${size.padStart(11)} (${percent} %)`;
    }),
  ];
}
