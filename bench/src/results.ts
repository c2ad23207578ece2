/** Prints figures as tables and keeps them, one JSON line a run, in `bench/results`. */
import { appendFileSync, mkdirSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { BenchOptions } from './options.js';

const RESULTS = fileURLToPath(new URL('../results', import.meta.url));

export type Figures = Readonly<Record<string, string | number | undefined>>;

/** Rows under the same names, numbers to the right. */
export function printTable(rows: readonly Figures[]): void {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const cells = rows.map((row) => names.map((name) => textOf(row[name])));
  const widths = names.map((name, index) => Math.max(name.length, ...cells.map((row) => row[index]!.length)));
  const line = (texts: readonly string[], numbers: readonly boolean[]): string =>
    texts
      .map((text, index) => (numbers[index]! ? text.padStart(widths[index]!) : text.padEnd(widths[index]!)))
      .join('  ')
      .trimEnd();
  const numeric = names.map((name) => rows.some((row) => typeof row[name] === 'number'));
  console.log(line(names, numeric));
  for (const row of cells) console.log(line(row, numeric));
}

function textOf(value: string | number | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return value;
  if (Math.abs(value) >= 1_000) return Math.round(value).toLocaleString('en');
  return String(Math.round(value * 100) / 100);
}

/** Keeps the figures of a run with its date and machine. */
export function recordFigures(options: BenchOptions, figures: unknown): void {
  if (!options.record) return;
  mkdirSync(RESULTS, { recursive: true });
  const line = {
    date: new Date().toISOString(),
    machine: {
      cores: cpus().length,
      model: cpus()[0]?.model,
      memoryGib: Math.round(totalmem() / 1024 ** 3),
      node: process.version,
    },
    seconds: options.seconds,
    ...(options.note === undefined ? {} : { note: options.note }),
    figures,
  };
  appendFileSync(`${RESULTS}/${options.name}.jsonl`, `${JSON.stringify(line, rounded)}\n`);
}

function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value * 100) / 100 : value;
}

/** A quantile of numbers, by the nearest rank; NaN for none. Sorts them. */
export function quantile(numbers: Float64Array, part: number): number {
  numbers.sort();
  return numbers[Math.min(numbers.length - 1, Math.floor(part * numbers.length))] ?? Number.NaN;
}
