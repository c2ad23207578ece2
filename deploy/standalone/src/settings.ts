/** The settings of the launcher: the data folder, and a port for everything that listens. */
import { integerSetting, setting } from '@attrium/host';
import { z } from 'zod';

/** The services in line order, then control: the order in which they are stopped. */
export const SERVICES = ['ingest', 'identity', 'attribute-compute', 'segment', 'journey-trigger', 'control'] as const;
export type ServiceName = (typeof SERVICES)[number];

/** Distance of each port from ATTRIUM_PORT_BASE. Metrics and health of the four stages are on their HTTP ports. */
const OFFSETS = {
  ingestPort: 0,
  controlPort: 1,
  natsPort: 2,
  clickhousePort: 3,
  ingestGrpcPort: 10,
  identityGrpcPort: 11,
  attributeComputeGrpcPort: 12,
  segmentGrpcPort: 13,
  journeyTriggerGrpcPort: 14,
  controlGrpcPort: 15,
  identityPort: 21,
  attributeComputePort: 22,
  segmentPort: 23,
  journeyTriggerPort: 24,
} as const;
export type PortKey = keyof typeof OFFSETS;
export const PORT_KEYS = Object.keys(OFFSETS) as PortKey[];

const BASE_DEFAULT = 4100;

const port = (what: string, key: PortKey) =>
  setting(integerSetting({ min: 0, max: 65_535 }).optional(), {
    description: `Port of ${what}; 0 takes a free one. Default: ATTRIUM_PORT_BASE + ${OFFSETS[key]}.`,
  });

export const standaloneSettings = z.object({
  dataDirectory: setting(z.string().min(1).default('.attrium'), {
    env: 'ATTRIUM_DATA',
    description: 'Folder for everything that is kept: logs, state, tables, keys.',
  }),
  clickhouseUrl: setting(z.url().optional(), {
    env: 'CLICKHOUSE_URL',
    description: 'A ClickHouse to use, with user and password, in place of the embedded one.',
    secret: true,
  }),
  logBytesMax: setting(integerSetting({ min: 0, max: Number.MAX_SAFE_INTEGER }).default(0), {
    description: 'What all logs may hold together, bytes; 0: 20 GiB, or half of the free disk if that is less.',
  }),
  portBase: setting(integerSetting({ min: 0, max: 65_000 }).default(BASE_DEFAULT), {
    description: 'First of the block of ports; 0 takes free ones.',
  }),
  ingestPort: port('the HTTP API for events', 'ingestPort'),
  controlPort: port('the REST API', 'controlPort'),
  natsPort: port('nats-server', 'natsPort'),
  clickhousePort: port('the embedded ClickHouse (HTTP)', 'clickhousePort'),
  ingestGrpcPort: port('gRPC of ingest', 'ingestGrpcPort'),
  identityGrpcPort: port('gRPC of identity', 'identityGrpcPort'),
  attributeComputeGrpcPort: port('gRPC of attribute-compute', 'attributeComputeGrpcPort'),
  segmentGrpcPort: port('gRPC of segment', 'segmentGrpcPort'),
  journeyTriggerGrpcPort: port('gRPC of journey-trigger', 'journeyTriggerGrpcPort'),
  controlGrpcPort: port('gRPC of control', 'controlGrpcPort'),
  identityPort: port('health and metrics of identity', 'identityPort'),
  attributeComputePort: port('health and metrics of attribute-compute', 'attributeComputePort'),
  segmentPort: port('health and metrics of segment', 'segmentPort'),
  journeyTriggerPort: port('health and metrics of journey-trigger', 'journeyTriggerPort'),
});

export type StandaloneSettings = Readonly<z.infer<typeof standaloneSettings>>;

/** The port that the settings ask for; 0 for a free one. */
export function wantedPort(settings: StandaloneSettings, key: PortKey): number {
  return settings[key] ?? (settings.portBase === 0 ? 0 : settings.portBase + OFFSETS[key]);
}

/** The settings keys of a service's two ports. */
export function portKeysOf(service: ServiceName): { http: PortKey; grpc: PortKey } {
  const camel = service.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
  return { http: `${camel}Port` as PortKey, grpc: `${camel}GrpcPort` as PortKey };
}
