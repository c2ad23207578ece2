/** The rules in force in each workspace: compiled when first needed, from the catalogue that was read last. */
import { compileIdentity, DEFAULT_IDENTITY, type IdentityDefinition } from '@attrium/catalogue';
import { isJsonObject } from '@attrium/condition';
import { parseExactJson, stringifyExactJson } from '@attrium/event';
import { compileRules, type IdentityCaps, type IdentityRules } from './rules.js';
import type { CatalogueRow, Rows } from './state.js';

export class WorkspaceRules {
  /** Derived from the rows. */
  private readonly compiled = new Map<string, IdentityRules>();
  private readonly defaults: IdentityRules;

  constructor(
    private readonly rows: Rows<string, CatalogueRow>,
    private readonly caps: IdentityCaps,
  ) {
    this.defaults = compileRules(DEFAULT_IDENTITY, caps);
  }

  of(workspace: string): IdentityRules {
    const known = this.compiled.get(workspace);
    if (known !== undefined) return known;
    const row = this.rows.get(workspace);
    const rules =
      row?.identity === undefined
        ? this.defaults
        : compileRules(compileIdentity({ workspace, revision: row.revision, catalogueJson: row.identity }), this.caps);
    this.compiled.set(workspace, rules);
    return rules;
  }

  /**
   * Takes up a revision and returns its identity section; undefined for one that is not above the one in force, which was overtaken.
   * Throws, and changes nothing, when the section is invalid: only valid catalogues are ever appended.
   */
  activate(activated: {
    readonly workspace: string;
    readonly revision: number;
    readonly catalogueJson: string;
  }): IdentityDefinition | undefined {
    const { workspace, revision, catalogueJson } = activated;
    if (revision <= (this.rows.get(workspace)?.revision ?? 0)) return undefined;
    const definition = compileIdentity(activated);
    const json = parseExactJson(catalogueJson);
    const section = isJsonObject(json) ? json.identity : undefined;
    const identity = isJsonObject(section) ? stringifyExactJson({ identity: section }) : undefined;
    this.rows.put(workspace, { revision, identity });
    this.compiled.set(workspace, identity === undefined ? this.defaults : compileRules(definition, this.caps));
    return definition;
  }
}
