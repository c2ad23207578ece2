/** The entities that a switch will concern, in pages, each once: whoever was seeded, and whose value has the meaning that goes. */
import type { StageEnvironment, Table } from '@attrium/processor';
import type { Definitions } from './definitions.js';

/** Entities of a page: so many are evaluated for one record of a sweep. */
export const PAGE_ENTITIES = 256;

export class TouchedEntities {
  /** By ordinal: the page that it stands in. */
  private readonly pageOf: Table<number, number>;
  /** By workspace and number. */
  private readonly pages: Table<readonly (string | number)[], number[]>;

  constructor(
    environment: StageEnvironment,
    private readonly definitions: Definitions,
  ) {
    this.pageOf = environment.table('touched-entities');
    this.pages = environment.table('touched-pages');
  }

  add(workspace: string, ordinal: number): void {
    const row = this.definitions.row(workspace);
    if (row === undefined || row.backfills.length === 0) return;
    const known = this.pageOf.get(ordinal);
    if (known !== undefined && known >= row.firstPage) return;
    const { lastPage } = row;
    this.pageOf.put(ordinal, lastPage);
    const page = this.pages.edit([workspace, lastPage]);
    if (page === undefined) this.pages.put([workspace, lastPage], [ordinal]);
    else page.push(ordinal);
    if ((page?.length ?? 1) >= PAGE_ENTITIES) this.definitions.turnPage(workspace);
  }

  /** Of one page; none when it is gone. */
  in(workspace: string, page: number): readonly number[] {
    return this.pages.get([workspace, page]) ?? [];
  }

  forget(workspace: string, page: number): void {
    for (const ordinal of this.in(workspace, page)) if (this.pageOf.get(ordinal) === page) this.pageOf.delete(ordinal);
    this.pages.delete([workspace, page]);
  }
}
