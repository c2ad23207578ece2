/** Log files: appended to over starts, and moved aside when they are full. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { LogFile } from './log-file.js';

it('appends to what is there, and keeps one full file beside the current one', () => {
  const directory = mkdtempSync(join(tmpdir(), 'attrium-log-'));
  const path = join(directory, 'logs', 'segment.log');
  try {
    const first = new LogFile(path, 10);
    first.write('one');
    first.close();
    const second = new LogFile(path, 10);
    for (const line of ['two', 'three', 'four']) second.write(line);
    second.close();
    expect(readFileSync(`${path}.1`, 'utf8')).toBe('one\ntwo\nthree\n');
    expect(readFileSync(path, 'utf8')).toBe('four\n');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
