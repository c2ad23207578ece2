import { describe, expect, it } from '@jest/globals';
import { compileCatalogue } from './compile.js';
import { parseCatalogue } from './parse.js';
import { planCatalogue } from './plan.js';
import { isListEvent, listEventName } from './static-list.js';

function parsed(segments: readonly unknown[]) {
  const outcome = parseCatalogue({ segments });
  if (outcome.kind === 'invalid') throw new Error(JSON.stringify(outcome.faults));
  return outcome.catalogue;
}
const vips = { name: 'vips', of: 'user', static: true };

describe('static lists', () => {
  it('are unnamed booleans of what the latest import says, one for each list and kind', () => {
    const catalogue = parsed([
      vips,
      { name: 'staff', of: 'user', static: true },
      { ...vips, name: 'firms', of: 'account' },
    ]);
    const { attributes, segments } = compileCatalogue({ workspace: 'w', revision: 1, catalogue });
    expect(attributes).toMatchObject(
      ['vips', 'staff', 'firms'].map((list) => ({
        ...{ kind: 'computed', reducer: 'last_value', type: 'boolean', visible: false, property: ['member'] },
        ...{ event: `$list:${list}`, of: list === 'firms' ? 'account' : 'user' },
      })),
    );
    expect(new Set(attributes.map(({ name }) => name)).size).toBe(3);
    expect(segments.map(({ attributes: [read] }) => read)).toEqual(attributes.map(({ name }) => name));
    expect(isListEvent({ type: 'track', name: listEventName('vips') })).toBe(true);
    expect(isListEvent({ type: 'page', name: listEventName('vips') })).toBe(false);
  });

  it('are read by other segments, and have no condition of their own', () => {
    const rest = { name: 'rest', of: 'user', where: { not: { segment: 'vips' } } };
    const { segments } = compileCatalogue({ workspace: 'w', revision: 1, catalogue: parsed([rest, vips]) });
    expect(segments.map(({ name }) => name)).toEqual(['vips', 'rest']);
    const faultsOf = (segment: unknown) => parseCatalogue({ segments: [segment] });
    expect(faultsOf({ ...vips, where: { all: [] } })).toMatchObject({
      faults: [{ path: 'segments[0].where', code: 'conflicting_keys' }],
    });
    expect(faultsOf({ ...vips, static: false })).toMatchObject({ faults: [{ path: 'segments[0].static' }] });
    expect(faultsOf({ name: 'vips', of: 'user' })).toMatchObject({ faults: [{ code: 'missing_key' }] });
    expect(parseCatalogue({ segments: [{ ...vips, of: 'account' }, rest] })).toMatchObject({ kind: 'invalid' });
  });

  it('are planned as what is imported from now on', () => {
    expect(planCatalogue(parsed([{ name: 'vips', of: 'user', where: { all: [] } }]), parsed([vips]))).toEqual([
      {
        ...{ kind: 'changed', of: 'segment', name: 'vips', fromNowOn: true },
        notice: 'has those as members that are imported from now on',
      },
    ]);
    expect(planCatalogue(parsed([vips]), parsed([vips]))).toEqual([]);
  });
});
