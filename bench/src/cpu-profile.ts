/** Says where the time of a process went, from the profile that `node --cpu-prof` leaves behind. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const SHOWN = 28;

/** Prints the functions with the most self time, without idle time; `events` turns it into µs an event. Keeps a copy of the profile. */
export function printProfile(name: string, directory: string, events: number): void {
  const file = readdirSync(directory).find((entry) => entry.endsWith('.cpuprofile'));
  if (file === undefined) throw new Error(`${name} has left no profile in ${directory}`);
  const kept = join(tmpdir(), 'attrium-profiles');
  mkdirSync(kept, { recursive: true });
  copyFileSync(join(directory, file), join(kept, `${name}.cpuprofile`));
  const profile = JSON.parse(readFileSync(join(directory, file), 'utf8')) as Profile;
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]));
  const micros = new Map<string, number>();
  let all = 0;
  for (const [index, sample] of profile.samples.entries()) {
    const place = frames.get(sample) ?? '';
    if (place.startsWith('(idle)')) continue;
    const delta = Math.max(0, profile.timeDeltas[index]!);
    micros.set(place, (micros.get(place) ?? 0) + delta);
    all += delta;
  }
  console.log(`\n${name}: ${(all / 1e6).toFixed(1)} s busy, ${(all / events).toFixed(2)} µs an event, of which alone:`);
  for (const [place, time] of [...micros].sort((a, b) => b[1] - a[1]).slice(0, SHOWN)) {
    console.log(
      `${((100 * time) / all).toFixed(1).padStart(5)} %  ${(time / events).toFixed(2).padStart(6)}  ${place}`,
    );
  }
  console.log(`profile: ${join(kept, `${name}.cpuprofile`)}`);
}

function placeOf({ functionName, url, lineNumber }: Profile['nodes'][number]['callFrame']): string {
  const path = url
    .replace(/^file:\/\//, '')
    .split('/')
    .slice(-4)
    .join('/');
  return `${functionName || '(anonymous)'}${path === '' ? '' : `  ${path}:${lineNumber + 1}`}`;
}
