/** The catalogue of a workspace over gRPC: `attrium.catalogue.v1.CatalogueService`. */
import type { PlanItem } from '@attrium/catalogue';
import { Access, authorizationOf } from '@attrium/host';
import { catalogueV1 } from '@attrium/proto';
import type { Metadata } from '@grpc/grpc-js';
import { Controller, Inject } from '@nestjs/common';
import { CatalogueKeeper, type CatalogueText } from '../catalogue-keeper.js';
import { SecretStore } from '../clients/secret-store.js';
import { ControlError } from '../errors.js';
import { bodyText } from './request-body.js';

const CATALOGUE_BYTES_MAX = 1024 * 1024;
const AUTHOR_LENGTH_MAX = 200;

const CHANGES: Readonly<Record<PlanItem['kind'], catalogueV1.Change>> = {
  added: catalogueV1.Change.CHANGE_ADDED,
  changed: catalogueV1.Change.CHANGE_CHANGED,
  removed: catalogueV1.Change.CHANGE_REMOVED,
};
const KINDS: Readonly<Record<PlanItem['of'], catalogueV1.DefinitionKind>> = {
  attribute: catalogueV1.DefinitionKind.DEFINITION_KIND_ATTRIBUTE,
  segment: catalogueV1.DefinitionKind.DEFINITION_KIND_SEGMENT,
  trigger: catalogueV1.DefinitionKind.DEFINITION_KIND_TRIGGER,
  identity: catalogueV1.DefinitionKind.DEFINITION_KIND_IDENTITY,
  consent: catalogueV1.DefinitionKind.DEFINITION_KIND_CONSENT,
};

@Controller()
@catalogueV1.CatalogueServiceControllerMethods()
export class CatalogueRpcController implements catalogueV1.CatalogueServiceController {
  constructor(
    @Inject(Access) private readonly access: Access,
    @Inject(CatalogueKeeper) private readonly keeper: CatalogueKeeper,
    @Inject(SecretStore) private readonly secrets: SecretStore,
  ) {}

  async getCatalogue(
    { workspace }: catalogueV1.GetCatalogueRequest,
    metadata?: Metadata,
  ): Promise<catalogueV1.GetCatalogueResponse> {
    this.access.require(authorizationOf(metadata), { workspace, role: 'read' });
    const { revision, json, author, activatedAt } = await this.keeper.current(workspace);
    return { revision, catalogueJson: Buffer.from(json, 'utf8'), author, activatedAt };
  }

  async putCatalogue(
    request: catalogueV1.PutCatalogueRequest,
    metadata?: Metadata,
  ): Promise<catalogueV1.PutCatalogueResponse> {
    const { workspace, expectedRevision, catalogueJson } = request;
    const { name } = this.access.require(authorizationOf(metadata), { workspace, role: 'admin' });
    if (request.author.length > AUTHOR_LENGTH_MAX) {
      throw new ControlError('misshapenBody', { message: `An author has at most ${AUTHOR_LENGTH_MAX} characters.` });
    }
    // The key is what is known for sure, so it is on record whatever the caller says.
    const author = request.author === '' ? name : `${request.author} (${name})`;
    await this.secrets.requireWorkspace(workspace);
    const outcome = await this.keeper.put(workspace, { ...textOf(catalogueJson), expectedRevision, author });
    return { revision: outcome.revision, faults: outcome.kind === 'faulty' ? [...outcome.faults] : [] };
  }

  async plan(request: catalogueV1.PlanRequest, metadata?: Metadata): Promise<catalogueV1.PlanResponse> {
    const { workspace, catalogueJson } = request;
    this.access.require(authorizationOf(metadata), { workspace, role: 'read' });
    const { revision, items, faults } = await this.keeper.plan(workspace, textOf(catalogueJson));
    return {
      revision,
      items: items.map(({ kind, of, name, fromNowOn, notice }) => ({
        change: CHANGES[kind],
        of: KINDS[of],
        name,
        fromNowOn,
        notice,
      })),
      faults: [...faults],
    };
  }
}

function textOf(catalogueJson: Uint8Array): CatalogueText {
  if (catalogueJson.length > CATALOGUE_BYTES_MAX) {
    throw new ControlError('misshapenBody', {
      message: `A catalogue has at most ${CATALOGUE_BYTES_MAX} bytes of JSON.`,
    });
  }
  return { text: bodyText(catalogueJson), format: 'json' };
}
