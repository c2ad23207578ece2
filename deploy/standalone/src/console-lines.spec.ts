/** The console: warnings and errors of services, each kind once in ten seconds, warnings not while everything starts or ends. */
import { describe, expect, it } from '@jest/globals';
import { WarningConsole } from './console-lines.js';

function consoleAt(clock: { now: number }): { console: WarningConsole; said: string[] } {
  const said: string[] = [];
  const console = new WarningConsole(
    (line) => said.push(line),
    () => clock.now,
  );
  return { console, said };
}

const line = (level: string, msg: string): string =>
  JSON.stringify({ level, msg, err: { code: 'ATR-LOG-001', message: 'out of reach' } });

describe('the console', () => {
  it('shows warnings and errors with their cause, and nothing below or besides', () => {
    const { console, said } = consoleAt({ now: 0 });
    console.quiet = false;
    for (const text of [line('info', 'a'), line('warn', 'b'), line('error', 'c'), 'plain text', '{"half']) {
      console.take('segment', text);
    }
    expect(said).toEqual([
      expect.stringMatching(/segment warn: b: ATR-LOG-001 out of reach$/),
      expect.stringMatching(/segment error: c: ATR-LOG-001 out of reach$/),
    ]);
  });

  it('holds warnings back while it is quiet, errors never', () => {
    const { console, said } = consoleAt({ now: 0 });
    console.take('segment', line('warn', 'b'));
    console.take('segment', line('fatal', 'c'));
    expect(said).toEqual([expect.stringContaining('fatal: c')]);
  });

  it('shows one kind once in ten seconds, and how many there were more', () => {
    const clock = { now: 0 };
    const { console, said } = consoleAt(clock);
    for (clock.now = 0; clock.now <= 10_000; clock.now += 1_000) console.take('segment', line('error', 'c'));
    expect(said).toHaveLength(2);
    expect(said[1]).toContain('(and 9 more before)');
  });
});
