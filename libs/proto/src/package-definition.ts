/** The generated service definitions in the shape in which Nest takes them, so that no .proto file is read at run time. */
import type { PackageDefinition } from '@grpc/proto-loader';
import { AccountServiceService } from './gen/index.attrium.account.v1.js';
import { AttributeServiceService } from './gen/index.attrium.attribute.v1.js';
import { CatalogueServiceService } from './gen/index.attrium.catalogue.v1.js';
import { EventServiceService } from './gen/index.attrium.event.v1.js';
import { IdentityServiceService, QuarantineServiceService } from './gen/index.attrium.identity.v1.js';
import { ErasureServiceService, ProfileServiceService } from './gen/index.attrium.profile.v1.js';
import {
  SegmentAnalyticsServiceService,
  SegmentServiceService,
  SegmentTableServiceService,
  StaticListServiceService,
} from './gen/index.attrium.segment.v1.js';
import {
  DeliveryServiceService,
  TriggerDryRunServiceService,
  TriggerServiceService,
} from './gen/index.attrium.trigger.v1.js';

const SERVICES = {
  'attrium.account.v1.AccountService': AccountServiceService,
  'attrium.attribute.v1.AttributeService': AttributeServiceService,
  'attrium.catalogue.v1.CatalogueService': CatalogueServiceService,
  'attrium.event.v1.EventService': EventServiceService,
  'attrium.identity.v1.IdentityService': IdentityServiceService,
  'attrium.identity.v1.QuarantineService': QuarantineServiceService,
  'attrium.profile.v1.ErasureService': ErasureServiceService,
  'attrium.profile.v1.ProfileService': ProfileServiceService,
  'attrium.segment.v1.SegmentAnalyticsService': SegmentAnalyticsServiceService,
  'attrium.segment.v1.SegmentService': SegmentServiceService,
  'attrium.segment.v1.SegmentTableService': SegmentTableServiceService,
  'attrium.segment.v1.StaticListService': StaticListServiceService,
  'attrium.trigger.v1.DeliveryService': DeliveryServiceService,
  'attrium.trigger.v1.TriggerDryRunService': TriggerDryRunServiceService,
  'attrium.trigger.v1.TriggerService': TriggerServiceService,
};

/** Full name of a gRPC service, as in health checks and reflection. */
export type ServiceName = keyof typeof SERVICES;

export const SERVICE_NAMES = Object.keys(SERVICES) as readonly ServiceName[];

/**
 * For Nest's gRPC options `packageDefinition`. Nest serves the services of its option `package` (`attrium.profile.v1`, or several) that
 * have a controller. The generated definitions have all that grpc-js reads of a loaded package; their types say it in other words.
 */
export const packageDefinition = SERVICES as unknown as PackageDefinition;

/** The same of some services, where not all of a package are served by one program. */
export function packageDefinitionOf(names: readonly ServiceName[]): PackageDefinition {
  return Object.fromEntries(names.map((name) => [name, SERVICES[name]])) as unknown as PackageDefinition;
}
