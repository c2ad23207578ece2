import type { CatalogueActivated } from '@attrium/event';
import { describe, expect, it } from '@jest/globals';
import { CataloguePlans, type CatalogueRow, isPresentSince } from './catalogue-plans.js';

const activation = (revision: number, keys: readonly string[], workspace = 'shop'): CatalogueActivated => ({
  kind: 'catalogue-activated',
  id: `c${revision}`,
  workspace,
  revision,
  author: 'a',
  activatedAt: 1,
  catalogue: new TextEncoder().encode(JSON.stringify(keys)),
});

function open(rows = new Map<string, CatalogueRow>()): CataloguePlans<readonly string[]> {
  const table = {
    get: (key: string) => rows.get(key),
    edit: (key: string) => rows.get(key),
    put: (key: string, row: CatalogueRow) => void rows.set(key, row),
    delete: (key: string) => void rows.delete(key),
    page: () => [],
  };
  const compile = ({ catalogueJson }: { catalogueJson: string }) => JSON.parse(catalogueJson) as readonly string[];
  return new CataloguePlans<readonly string[]>(table, compile, [], (keys) => keys);
}

describe('since when a key is there', () => {
  it('is the revision that brought it, or that brought it back', () => {
    const rows = new Map<string, CatalogueRow>();
    open(rows).activate(activation(1, ['key a', 'key b']));
    open(rows).activate(activation(2, ['key a', 'key c']));
    open(rows).activate(activation(5, ['key a', 'key b', 'key c']));
    expect(open(rows).sinceOf('shop')).toEqual({ 'key a': 1, 'key b': 5, 'key c': 2 });
  });

  it('is of each workspace by itself, and of none before its first catalogue', () => {
    const plans = open();
    plans.activate(activation(3, ['key a'], 'blog'));
    expect([plans.sinceOf('blog'), plans.sinceOf('shop')]).toEqual([{ 'key a': 3 }, {}]);
  });

  it('lets go on what was brought in line since then, and nothing of a key that is gone', () => {
    const since = { 'key a': 2 };
    const asked = [1, 2, 3].map((revision) => isPresentSince(since, 'key a', revision));
    expect([...asked, isPresentSince(since, 'key b', 3)]).toEqual([false, true, true, false]);
  });
});
