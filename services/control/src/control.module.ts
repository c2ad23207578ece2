/** What Nest wires: the controllers of REST and gRPC over the parts that `startControl` makes. */
import { Access, ProfileLocator, Readiness } from '@attrium/host';
import { type DynamicModule, Module } from '@nestjs/common';
import { AccountReader } from './account-reader.js';
import { AccountController } from './api/account.controller.js';
import { AccountRpcController } from './api/account-rpc.controller.js';
import { BackfillController } from './api/backfill.controller.js';
import { CatalogueController } from './api/catalogue.controller.js';
import { CatalogueRpcController } from './api/catalogue-rpc.controller.js';
import { DeliveryController } from './api/delivery.controller.js';
import { ErasureController } from './api/erasure.controller.js';
import { ErasureRpcController } from './api/erasure-rpc.controller.js';
import { IdentityController } from './api/identity.controller.js';
import { KeyController } from './api/key.controller.js';
import { ListController } from './api/list.controller.js';
import { ListRpcController } from './api/list-rpc.controller.js';
import { ProfileController } from './api/profile.controller.js';
import { ProfileRpcController } from './api/profile-rpc.controller.js';
import { QuarantineController } from './api/quarantine.controller.js';
import { QuarantineRpcController } from './api/quarantine-rpc.controller.js';
import { SegmentController } from './api/segment.controller.js';
import { SegmentHistoryController } from './api/segment-history.controller.js';
import { SegmentHistoryRpcController } from './api/segment-history-rpc.controller.js';
import { SegmentRpcController } from './api/segment-rpc.controller.js';
import { LOG_SIZES, StatusController } from './api/status.controller.js';
import { TriggerController } from './api/trigger.controller.js';
import { TriggerRpcController } from './api/trigger-rpc.controller.js';
import { WorkspaceController } from './api/workspace.controller.js';
import { CatalogueKeeper } from './catalogue-keeper.js';
import { Backfills } from './clients/backfills.js';
import { DeliveryDeskClient } from './clients/delivery-desk.js';
import { KeyStore } from './clients/key-store.js';
import type { LogSize } from './clients/log-sizes.js';
import { MemberSweeps } from './clients/member-sweeps.js';
import { SecretStore } from './clients/secret-store.js';
import { Erasures } from './erasures.js';
import { ListImporter } from './list-importer.js';
import { ProfileReader } from './profile-reader.js';
import { QuarantineDesk } from './quarantine-desk.js';
import { SegmentHistory } from './segment-history.js';
import { SegmentReader } from './segment-reader.js';
import { TriggerDryRun } from './trigger-dry-run.js';

@Module({})
class ControlModule {}

export interface ControlParts {
  readonly access: Access;
  readonly readiness: Readiness;
  readonly catalogues: CatalogueKeeper;
  readonly keys: KeyStore;
  readonly secrets: SecretStore;
  readonly profiles: ProfileReader;
  readonly accounts: AccountReader;
  readonly erasures: Erasures;
  readonly locator: ProfileLocator;
  readonly desk: DeliveryDeskClient;
  readonly sweeps: MemberSweeps;
  readonly dryRuns: TriggerDryRun;
  readonly backfills: Backfills;
  readonly quarantine: QuarantineDesk;
  readonly segments: SegmentReader;
  readonly segmentHistory: SegmentHistory;
  readonly lists: ListImporter;
  readonly logSizes: () => Promise<LogSize[]>;
}

export function controlModule(parts: ControlParts): DynamicModule {
  return {
    module: ControlModule,
    controllers: [
      AccountController,
      BackfillController,
      CatalogueController,
      IdentityController,
      DeliveryController,
      ErasureController,
      KeyController,
      ProfileController,
      QuarantineController,
      // Its fixed paths come before those with the name of a segment.
      SegmentHistoryController,
      SegmentController,
      ListController,
      StatusController,
      TriggerController,
      WorkspaceController,
      AccountRpcController,
      CatalogueRpcController,
      ErasureRpcController,
      ProfileRpcController,
      QuarantineRpcController,
      SegmentRpcController,
      SegmentHistoryRpcController,
      TriggerRpcController,
      ListRpcController,
    ],
    providers: [
      { provide: Access, useValue: parts.access },
      { provide: Readiness, useValue: parts.readiness },
      { provide: CatalogueKeeper, useValue: parts.catalogues },
      { provide: KeyStore, useValue: parts.keys },
      { provide: SecretStore, useValue: parts.secrets },
      { provide: ProfileLocator, useValue: parts.locator },
      { provide: ProfileReader, useValue: parts.profiles },
      { provide: AccountReader, useValue: parts.accounts },
      { provide: Erasures, useValue: parts.erasures },
      { provide: DeliveryDeskClient, useValue: parts.desk },
      { provide: TriggerDryRun, useValue: parts.dryRuns },
      { provide: MemberSweeps, useValue: parts.sweeps },
      { provide: Backfills, useValue: parts.backfills },
      { provide: QuarantineDesk, useValue: parts.quarantine },
      { provide: SegmentReader, useValue: parts.segments },
      { provide: SegmentHistory, useValue: parts.segmentHistory },
      { provide: ListImporter, useValue: parts.lists },
      { provide: LOG_SIZES, useValue: parts.logSizes },
    ],
  };
}
