/** Questions about segments that only the projected tables can answer: who would be in one, who is, and how many are. */
import type { ParsedCondition } from '@attrium/condition';
import { segmentQuery } from '../domain/segment-query.js';
import type { Tables } from './tables.js';

export interface Preview {
  readonly members: number;
  /** All profiles of the workspace that were not merged away. */
  readonly profiles: number;
  /** Ids of some members, in order. */
  readonly sample: readonly string[];
}

export interface Member {
  readonly profileId: string;
  /** ms. */
  readonly since: number;
}

const MEMBERS = `SELECT profile_id, toUnixTimestamp64Milli(since) AS since
FROM memberships FINAL
WHERE workspace_id = {workspace:String} AND segment = {segment:String} AND kind = 'profile' AND profile_id > {after:String}
ORDER BY profile_id
LIMIT {limit:UInt32}`;

const SIZES = `SELECT segment, count() AS members
FROM memberships FINAL
WHERE workspace_id = {workspace:String} AND kind = 'profile'
GROUP BY segment`;

export class SegmentTables {
  constructor(private readonly tables: Tables) {}

  /** Throws what `Tables` throws. */
  async preview(
    workspace: string,
    condition: ParsedCondition,
    given: { readonly now: number; readonly sampleMax: number; readonly of?: 'user' | 'account' },
  ): Promise<Preview> {
    const { sql, parameters } = segmentQuery(condition, { workspace, ...given });
    const [row] = await this.tables.askLarge<{ members: string; profiles: string; sample: string[] }>(sql, parameters);
    return { members: Number(row!.members), profiles: Number(row!.profiles), sample: row!.sample };
  }

  /** Members whose id comes after one, in order of their ids. Throws what `Tables` throws. */
  async members(
    workspace: string,
    segment: string,
    page: { readonly after: string; readonly limit: number },
  ): Promise<readonly Member[]> {
    const rows = await this.tables.ask<{ profile_id: string; since: string }>(MEMBERS, { workspace, segment, ...page });
    return rows.map(({ profile_id: profileId, since }) => ({ profileId, since: Number(since) }));
  }

  /** By segment; those without a member are missing. Throws what `Tables` throws. */
  async sizes(workspace: string): Promise<ReadonlyMap<string, number>> {
    const rows = await this.tables.ask<{ segment: string; members: string }>(SIZES, { workspace });
    return new Map(rows.map(({ segment, members }) => [segment, Number(members)]));
  }
}
