/** Tells whether a process is still the one that was noted: process ids are used again, start times of one id are not. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in the words of the operating system. */
  readonly started: string;
}

/** The identity of a running process; undefined when there is none of this id. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const started = process.platform === 'linux' ? startTicks(pid) : startText(pid);
  return started === undefined ? undefined : { pid, started };
}

export function isRunning(identity: ProcessIdentity): boolean {
  return identityOf(identity.pid)?.started === identity.started;
}

/** Asks it to end, waits, then kills it. True when it is gone. */
export async function endProcess(identity: ProcessIdentity, patienceMs: number): Promise<boolean> {
  for (const [signal, limitMs] of [
    ['SIGTERM', patienceMs],
    ['SIGKILL', 2_000],
  ] as const) {
    if (!isRunning(identity)) return true;
    try {
      process.kill(identity.pid, signal);
    } catch {
      return !isRunning(identity);
    }
    const deadline = performance.now() + limitMs;
    while (isRunning(identity) && performance.now() < deadline) await new Promise((done) => setTimeout(done, 50));
  }
  return !isRunning(identity);
}

/** Clock ticks from the start of the machine: field 22 of /proc/<pid>/stat, counted after the name, which may hold anything. A zombie has ended. */
function startTicks(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function startText(pid: number): string | undefined {
  try {
    const text = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: 'pipe' }).trim();
    return text === '' ? undefined : text;
  } catch {
    return undefined;
  }
}
