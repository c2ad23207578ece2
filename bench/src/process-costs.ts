/** What processes cost, as Linux tells it in /proc: CPU time and memory. */
import { readdirSync, readFileSync } from 'node:fs';

const TICKS_A_SECOND = 100;

/** CPU time of a process so far, all of its threads, µs; a step is 10 ms. */
export function cpuMicros(pid: number): number {
  return microsOf(`/proc/${pid}/stat`);
}

/** The same of its first thread alone: in Node, the event loop. */
export function loopMicros(pid: number): number {
  return microsOf(`/proc/${pid}/task/${pid}/stat`);
}

function microsOf(file: string): number {
  const text = readFileSync(file, 'utf8');
  // The name of the program, in parentheses, may hold spaces.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1_000_000) / TICKS_A_SECOND;
}

export interface Memory {
  /** Resident set, bytes. */
  readonly rss: number;
  /** Resident set with shared pages divided among those who share them, bytes. */
  readonly pss: number;
  /** Memory that is no file: without the pages of the state store that the system keeps mapped, bytes. */
  readonly anonymous: number;
}

export function memoryOf(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const bytes = (name: string): number => Number(new RegExp(`^${name}: *(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024;
  return { rss: bytes('Rss'), pss: bytes('Pss'), anonymous: bytes('Anonymous') };
}

/** A process and all that it started, with the names of their programs. */
export function processTree(root: number): { readonly pid: number; readonly name: string }[] {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const text = readFileSync(`/proc/${entry}/stat`, 'utf8');
      const parent = Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
    } catch {
      // It has ended meanwhile.
    }
  }
  const found = [root];
  for (let index = 0; index < found.length; index++) found.push(...(children.get(found[index]!) ?? []));
  return found.map((pid) => ({ pid, name: programOf(pid) }));
}

function programOf(pid: number): string {
  const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  const script = words.find((word) => /services\/[^/]+\/dist\/main\.js$/.test(word));
  return script === undefined ? words.join(' ').slice(0, 80).trim() || String(pid) : script.split('/').at(-3)!;
}

/** CPU time of the whole machine so far, µs. */
function machineMicros(): number {
  const [, ...fields] = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0]!.split(/ +/).map(Number);
  const [user = 0, nice = 0, system = 0, _idle, _wait, irq = 0, soft = 0] = fields;
  return ((user + nice + system + irq + soft) * 1_000_000) / TICKS_A_SECOND;
}

/** CPU time of a set of processes from `start` on. */
export class CpuMeter {
  private begun = new Map<string, number>();
  private machineBegun = 0;
  private begunAt = 0;

  constructor(
    private readonly pids: ReadonlyMap<string, number>,
    private readonly micros: (pid: number) => number = cpuMicros,
  ) {
    this.start();
  }

  start(): void {
    this.begun = new Map([...this.pids].map(([name, pid]) => [name, this.micros(pid)]));
    this.machineBegun = machineMicros();
    this.begunAt = performance.now();
  }

  /** What other work took meanwhile, % of a core: figures of time mean little where it is much. */
  others(): number {
    const own = [...this.read().values()].reduce((sum, micros) => sum + micros, 0);
    return Math.max(0, machineMicros() - this.machineBegun - own) / (performance.now() - this.begunAt) / 10;
  }

  /** µs of each process since `start`. */
  read(): Map<string, number> {
    return new Map([...this.pids].map(([name, pid]) => [name, this.micros(pid) - (this.begun.get(name) ?? 0)]));
  }
}
