import { readFileSync } from 'node:fs';
import { describeSettings, hostSettings } from '@attrium/host';
import { describe, expect, it } from '@jest/globals';
import { ingestSettings } from './config.js';
import { REJECTION_CODES } from './domain/rejection.js';
import { FAILURE_CODES } from './errors.js';

const textOf = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8').replaceAll(/ +/g, ' ');

describe('the reference', () => {
  it('explains every code once', () => {
    const rows = [...textOf('../../../docs/reference/ingest-api.md').matchAll(/^\| (ATR-INGEST-\d+) \|/gm)].map(
      (row) => row[1],
    );
    expect(rows.toSorted()).toEqual([...FAILURE_CODES, ...Object.values(REJECTION_CODES), 'ATR-INGEST-500'].toSorted());
  });

  it('names every setting of ingest with its default', () => {
    const readme = textOf('../README.md');
    const own = describeSettings(ingestSettings).filter(({ key }) => !(key in hostSettings.shape));
    for (const { env, default: value } of own)
      expect(readme).toContain(`| \`${env}\` | ${value === undefined ? '' : `${value} `}|`);
  });
});
