/** What `npm run sim -- …` is asked for. */
import { type FaultSelection, parseFaults } from './fault-kinds.js';

export const USAGE = `usage: npm run sim -- <seed> [count] [--events <number>] [--only none|<n>+<n>] [--faults all|none|<kind>[:<n>+<n>],…]
                             [--workers <number>]
       npm run sim -- --minute [--workers <number>]`;

export interface SimulationRequest {
  /** Undefined: one that chance gives. */
  readonly first: number | undefined;
  /** Undefined: as many as a minute holds. */
  readonly count: number | undefined;
  readonly events: number | undefined;
  /** Numbers of the events that are sent. */
  readonly only: ReadonlySet<number> | undefined;
  readonly faults: FaultSelection | undefined;
  /** Processes; undefined: one a core. */
  readonly workers: number | undefined;
}

/** Undefined when the arguments make no sense. */
export function readRequest(args: readonly string[]): SimulationRequest | undefined {
  const numbers: number[] = [];
  const options = new Map<string, string>();
  let minute = false;
  for (let index = 0; index < args.length; index++) {
    const argument = args[index]!;
    if (argument === '--minute') minute = true;
    else if (['--events', '--only', '--faults', '--workers'].includes(argument))
      options.set(argument, args[++index] ?? '');
    else if (/^\d+$/.test(argument)) numbers.push(Number(argument));
    else return undefined;
  }
  const [first, count] = numbers;
  const faults = options.has('--faults') ? parseFaults(options.get('--faults')!) : undefined;
  const events = wholeNumber(options.get('--events'));
  const workers = wholeNumber(options.get('--workers'));
  const only = readNumbers(options.get('--only'));
  const wrong = [events, workers, ...(only ?? []), ...numbers].some(
    (number) => number !== undefined && !Number.isSafeInteger(number),
  );
  if (wrong || numbers.length > 2 || (options.has('--faults') && faults === undefined)) return undefined;
  if (only !== undefined && count !== undefined) return undefined;
  if (events === 0 || workers === 0 || count === 0 || minute === (count !== undefined || first !== undefined))
    return undefined;
  return { first, count: minute ? undefined : (count ?? 1), events, only, faults, workers };
}

function readNumbers(text: string | undefined): ReadonlySet<number> | undefined {
  if (text === undefined) return undefined;
  return new Set(text === 'none' ? [] : text.split('+').map((each) => wholeNumber(each)!));
}

function wholeNumber(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  return /^\d+$/.test(text) ? Number(text) : Number.NaN;
}
