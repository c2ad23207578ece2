/** The kinds of faults that a run draws, and which of the drawn faults are let happen: so that a failing run can be shrunk to the few that it needs. */

export const FAULT_KINDS = [
  /** A process is killed at some moment. */
  'crash',
  /** A process is killed at a step of a commit, a save or a recovery. */
  'crash-in-commit',
  /** A process is killed and its disk is lost. */
  'wipe',
  /** A second process starts for partitions that another one owns. */
  'second-owner',
  /** The log is out of reach for seconds. */
  'outage',
  /** Publishes and deliveries take long. */
  'slow-log',
  /** A publish is stored, and its answer never arrives. */
  'lost-answer',
  /** A publish never arrives. */
  'lost-request',
  /** A publish arrives after its writer has given up. */
  'stalled-request',
  /** The clock of the log is set anew. */
  'clock-step',
  /** A pack that ingest has sent is stored once more. */
  'repeated-pack',
  /** State on its way to a survivor arrives once more. */
  'repeated-transfer',
  /** Packs, caches, slices and queues hold little. */
  'small-limits',
  /** The whole machine sleeps, for a minute or for days. */
  'sleep',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** By kind: which of the drawn faults happen, by their number from 1 on. A kind that is missing does not happen. */
export type FaultSelection = ReadonlyMap<FaultKind, 'all' | ReadonlySet<number>>;

export const ALL_FAULTS: FaultSelection = new Map(FAULT_KINDS.map((kind) => [kind, 'all' as const]));
export const NO_FAULTS_AT_ALL: FaultSelection = new Map();

/** `all`, `none`, or kinds as in `crash,lost-answer:2+5`: all crashes, and of the lost answers the second and the fifth. Undefined when it is none. */
export function parseFaults(text: string): FaultSelection | undefined {
  if (text === 'all') return ALL_FAULTS;
  if (text === 'none') return NO_FAULTS_AT_ALL;
  const selection = new Map<FaultKind, 'all' | ReadonlySet<number>>();
  for (const part of text.split(',')) {
    const [name, list] = part.split(':');
    const kind = FAULT_KINDS.find((each) => each === name);
    const numbers = list?.split('+').map(Number);
    if (kind === undefined || numbers?.some((number) => !Number.isSafeInteger(number) || number < 1)) return undefined;
    selection.set(kind, numbers === undefined ? 'all' : new Set(numbers));
  }
  return selection;
}

/** What `parseFaults` reads. */
export function faultsText(selection: FaultSelection): string {
  if (selection.size === 0) return 'none';
  const isAll = FAULT_KINDS.every((kind) => selection.get(kind) === 'all');
  if (isAll) return 'all';
  return [...selection].map(([kind, which]) => (which === 'all' ? kind : `${kind}:${[...which].join('+')}`)).join(',');
}

/** Counts the faults that a run draws, and says which of them happen. */
export class FaultGate {
  private readonly drawn = new Map<FaultKind, number>();
  /** The numbers of those that happened. */
  readonly happened = new Map<FaultKind, number[]>();

  constructor(private readonly selection: FaultSelection = ALL_FAULTS) {}

  admits(kind: FaultKind): boolean {
    const number = (this.drawn.get(kind) ?? 0) + 1;
    this.drawn.set(kind, number);
    const which = this.selection.get(kind);
    if (which === undefined || (which !== 'all' && !which.has(number))) return false;
    const numbers = this.happened.get(kind);
    if (numbers === undefined) this.happened.set(kind, [number]);
    else numbers.push(number);
    return true;
  }
}
