/** The catalogues of all workspaces as the log has them: the last message of a workspace's subject is the revision in force. */
import { type CatalogueActivated, catalogueSubject, partitionOf } from '@attrium/event';
import { type Clock, decodePack, encodePack, type Log, NO_POSITION, PACK_SCHEMA_VERSION } from '@attrium/processor';

/** A revision as it stands in the log. Revision 0: none was put yet. */
export interface StoredCatalogue {
  readonly revision: number;
  /** JSON text. */
  readonly json: string;
  readonly author: string;
  /** ms; 0 for revision 0. */
  readonly activatedAt: number;
}

/** outdated: `expectedRevision` is not the one in force. unknown: the log did not say; it may still take the revision. */
export type CommitOutcome =
  | { readonly kind: 'committed'; readonly catalogue: StoredCatalogue }
  | { readonly kind: 'outdated'; readonly revision: number }
  | { readonly kind: 'unknown'; readonly reason: string };

interface Head extends StoredCatalogue {
  /** Of the message, 0 for none. */
  readonly sequence: number;
  /** Who wrote it: two writers may write the same bytes. */
  readonly owner: string;
  readonly commit: number;
}

const NOTHING: Head = {
  revision: 0,
  json: '{"attributes":[],"segments":[],"triggers":[]}',
  author: '',
  activatedAt: 0,
  sequence: 0,
  owner: '',
  commit: 0,
};
const TRIES_MAX = 3;

export class CatalogueLog {
  private commits = 0;

  constructor(
    private readonly options: {
      readonly log: Log;
      readonly clock: Clock;
      readonly shards: number;
      /** Unique to this process. */
      readonly owner: string;
    },
  ) {}

  /** The revision in force, read from the leader. Throws LogError when the log is out of reach. */
  current(workspace: string): Promise<StoredCatalogue> {
    return this.head(workspace);
  }

  /**
   * Appends the revision after `expectedRevision`, if that is the one in force: a compare-and-set on the workspace's own subject, so of
   * several writers one wins. Throws LogError when the log is out of reach before anything was tried.
   */
  async commit(
    workspace: string,
    put: { readonly expectedRevision: number; readonly json: string; readonly author: string },
  ): Promise<CommitOutcome> {
    const { expectedRevision, json, author } = put;
    const before = await this.head(workspace);
    if (before.revision !== expectedRevision) return { kind: 'outdated', revision: before.revision };
    const catalogue = { revision: expectedRevision + 1, json, author, activatedAt: this.options.clock.now() };
    const commit = ++this.commits;
    const payload = this.pack(workspace, catalogue, commit);
    let reason = '';
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const outcome = await this.options.log.append(this.subject(workspace), payload, {
        expectedLastSequence: before.sequence,
      });
      if (outcome.kind === 'appended') return { kind: 'committed', catalogue };
      if (outcome.kind === 'unknown') reason = outcome.reason;
      // Neither answer says whose message is there now.
      const after = await this.head(workspace).catch((error: Error) => {
        reason = error.message;
        return undefined;
      });
      if (after === undefined || after.sequence === before.sequence) continue;
      if (after.owner === this.options.owner && after.commit === commit) return { kind: 'committed', catalogue };
      // A later revision of another writer may stand on ours: then this one came in, and is in force no more.
      return { kind: 'outdated', revision: after.revision };
    }
    return { kind: 'unknown', reason };
  }

  private subject(workspace: string): string {
    return catalogueSubject(partitionOf(workspace, this.options.shards), workspace);
  }

  private pack(workspace: string, catalogue: StoredCatalogue, commit: number): Uint8Array {
    const { revision, json, author, activatedAt } = catalogue;
    const record: CatalogueActivated = {
      kind: 'catalogue-activated',
      id: `${workspace}:catalogue:${revision}`,
      workspace,
      revision,
      author,
      activatedAt,
      catalogue: new TextEncoder().encode(json),
    };
    return encodePack(controlHeader(this.options.owner, commit), [record]);
  }

  private async head(workspace: string): Promise<Head> {
    const message = await this.options.log.last(this.subject(workspace));
    if (message === undefined) return NOTHING;
    const { header, records } = decodePack(message.payload);
    const record = records.find((found) => found.kind === 'catalogue-activated');
    if (record === undefined) throw new Error(`message ${message.sequence} of ${message.subject} is no catalogue`);
    const { revision, author, activatedAt } = record;
    const json = new TextDecoder().decode(record.catalogue);
    return {
      revision,
      json,
      author,
      activatedAt,
      sequence: message.sequence,
      owner: header.owner,
      commit: header.commit,
    };
  }
}

/** The header of what control appends to `events`. */
export function controlHeader(owner: string, commit: number) {
  return {
    schemaVersion: PACK_SCHEMA_VERSION,
    logicVersion: 0,
    stage: 'control',
    writer: 'control',
    owner,
    commit,
    reached: NO_POSITION,
  };
}
