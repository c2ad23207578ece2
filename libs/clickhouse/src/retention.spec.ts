import { describe, expect, it } from '@jest/globals';
import { parseRetention, retentionRules } from './retention.js';

const DAY_MS = 86_400_000;
const ttl = (text: string): string | undefined => retentionRules('received_at', parseRetention(text)!);

describe('retention', () => {
  it('is read from one period and those of workspaces that differ', () => {
    expect(parseRetention('forever')).toEqual({ everywhere: undefined, workspaces: new Map() });
    expect(parseRetention('400d, shop=30d,archive=forever')).toEqual({
      everywhere: 400 * DAY_MS,
      workspaces: new Map([
        ['shop', 30 * DAY_MS],
        ['archive', undefined],
      ]),
    });
    const wrong = [
      '',
      '1h',
      '0d',
      'always',
      '30d,',
      '30d,shop',
      '30d,Shop=30d',
      '30d,shop=12h',
      "30d,a'b=30d",
      '30d,a=30d,a=1d',
    ];
    for (const text of [...wrong, '30d=1d', '30d,shop=30d=1d'])
      expect([text, parseRetention(text)]).toEqual([text, undefined]);
  });

  it('is one rule for all the rest, and one for each workspace that keeps its rows shorter or longer', () => {
    expect(ttl('forever')).toBeUndefined();
    expect(ttl('forever,shop=forever')).toBeUndefined();
    expect(ttl('2d')).toBe('toDateTime(`received_at`) + toIntervalSecond(172800) DELETE');
    expect(ttl('2d,shop=1d,archive=forever')).toBe(
      "toDateTime(`received_at`) + toIntervalSecond(172800) DELETE WHERE workspace_id NOT IN ('archive', 'shop'), " +
        "toDateTime(`received_at`) + toIntervalSecond(86400) DELETE WHERE workspace_id = 'shop'",
    );
    expect(ttl('forever,shop=1d')).toBe(
      "toDateTime(`received_at`) + toIntervalSecond(86400) DELETE WHERE workspace_id = 'shop'",
    );
  });
});
