/** The catalogues that each partition has read, all of them, in order. */
import { type CatalogueActivated, type Entity, partitionOf } from '@attrium/event';
import type { Place } from './replay.js';
import { type Rules, rulesOf } from './rules.js';

export class Catalogues {
  /** By partition and workspace. */
  private readonly known = new Map<string, Rules[]>();

  read(record: CatalogueActivated, { partition }: Place): Rules {
    const rules = rulesOf(record);
    const key = `${partition}/${record.workspace}`;
    this.known.set(key, [...(this.known.get(key) ?? []), rules]);
    return rules;
  }

  of(workspace: string, partition: number): Rules | undefined {
    return this.known.get(`${partition}/${workspace}`)?.at(-1);
  }

  /** Those that the entity's partition has read after a step. */
  since(step: number, { workspace, id }: Entity, partitions: number): readonly Rules[] {
    const known = this.known.get(`${partitionOf(id, partitions)}/${workspace}`) ?? [];
    return known.filter((rules) => rules.step > step);
  }
}
