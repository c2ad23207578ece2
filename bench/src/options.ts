/** The command line of the benchmarks. Every run is bounded by seconds and by a count of events. */
import { parseArgs } from 'node:util';

export interface BenchOptions {
  readonly name: string;
  /** How long each measurement lasts, s. */
  readonly seconds: number;
  /** Most events that one measurement sends. */
  readonly eventsMax: number;
  /** Profiles that identity knows before it is measured. */
  readonly profilesKnown: number;
  /** Events of the closed loop that may be on their way at once. */
  readonly inFlightMax: number;
  /** Events a second, for open loops. */
  readonly rates: readonly number[];
  readonly lingerMs: number | undefined;
  readonly clickhouse: 'both' | 'with' | 'without';
  /** Services to look at where a benchmark can do with one. */
  readonly only: readonly string[];
  /** Write a CPU profile of each service and print where its time goes. */
  readonly profile: boolean;
  /** Append the figures to `bench/results`. */
  readonly record: boolean;
  /** What the figures show, in a word or two: kept with them. */
  readonly note: string | undefined;
  /** Programs that run instead of `services/<name>/dist/main.js`. */
  readonly programs: Readonly<Record<string, string>>;
}

const OPTIONS = {
  seconds: { type: 'string', default: '10' },
  events: { type: 'string', default: '400000' },
  profiles: { type: 'string', default: '1000000' },
  'in-flight': { type: 'string', default: '4000' },
  rates: { type: 'string', default: '100,1000,5000,10000' },
  linger: { type: 'string' },
  clickhouse: { type: 'string', default: 'both' },
  only: { type: 'string', default: '' },
  profile: { type: 'boolean', default: false },
  'no-record': { type: 'boolean', default: false },
  note: { type: 'string' },
  program: { type: 'string', multiple: true, default: [] as string[] },
} as const;

/** Throws a sentence for what it does not understand. */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  const clickhouse = values.clickhouse;
  if (clickhouse !== 'both' && clickhouse !== 'with' && clickhouse !== 'without') {
    throw new Error('--clickhouse is both, with or without');
  }
  return {
    name: positionals[0] ?? '',
    seconds: wholeOf('seconds', values.seconds, 1, 3_600),
    eventsMax: wholeOf('events', values.events, 1_000, 50_000_000),
    profilesKnown: wholeOf('profiles', values.profiles, 1_000, 20_000_000),
    inFlightMax: wholeOf('in-flight', values['in-flight'], 100, 1_000_000),
    rates: values.rates.split(',').map((rate) => wholeOf('rates', rate, 1, 200_000)),
    lingerMs: values.linger === undefined ? undefined : wholeOf('linger', values.linger, 0, 1_000),
    clickhouse,
    only: values.only === '' ? [] : values.only.split(','),
    profile: values.profile,
    record: !values['no-record'],
    note: values.note,
    programs: Object.fromEntries(values.program.map((text) => text.split('=', 2) as [string, string])),
  };
}

function wholeOf(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new Error(`--${name} takes whole numbers from ${min} to ${max}, not ${text}`);
}
