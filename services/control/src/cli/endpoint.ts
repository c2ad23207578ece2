/** Where the command line finds control, and with which key: flags, then environment, then the `endpoints.json` of a running `npm start`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig, setting } from '@attrium/host';
import { z } from 'zod';
import { CliError } from './cli-error.js';

export const cliSettings = z.object({
  controlUrl: setting(z.url().optional(), { description: 'URL of control.' }),
  adminKey: setting(z.string().optional(), { description: 'Secret key.', secret: true }),
  workspace: setting(z.string().optional(), { description: 'Workspace to work on.' }),
  ingestUrl: setting(z.url().optional(), { description: 'URL of ingest, for what is sent there.' }),
  writeKey: setting(z.string().optional(), { description: 'Write key, for what is sent to ingest.', secret: true }),
  dataDirectory: setting(z.string().min(1).default('.attrium'), {
    env: 'ATTRIUM_DATA',
    description: 'Data folder of npm start, where endpoints.json is.',
  }),
});

export interface EndpointFlags {
  readonly url?: string;
  readonly key?: string;
  readonly workspace?: string;
}

export interface Endpoint {
  readonly url: string;
  readonly key: string;
  readonly workspace: string;
}

/** Where events go, and with which key. */
export interface IngestEndpoint {
  readonly url: string;
  readonly writeKey: string;
}

const endpointsSchema = z
  .object({
    control: z.string(),
    adminKey: z.string(),
    workspace: z.string(),
    ingest: z.string(),
    writeKey: z.string(),
  })
  .partial();

/** Throws CliError that says what is missing. */
export function findEndpoint(flags: EndpointFlags, env?: Readonly<Record<string, string | undefined>>): Endpoint {
  const settings = env === undefined ? loadConfig(cliSettings) : loadConfig(cliSettings, env);
  const file = join(settings.dataDirectory, 'endpoints.json');
  const written = readEndpoints(file);
  const url = flags.url ?? settings.controlUrl ?? written.control;
  // The key that was written belongs to the control that was written.
  const local = url === written.control ? written : {};
  const key = flags.key ?? settings.adminKey ?? local.adminKey;
  const workspace = flags.workspace ?? settings.workspace ?? local.workspace;
  if (url === undefined || key === undefined || workspace === undefined) {
    const missing = [
      ...(url === undefined ? ['the URL of control (--url or ATTRIUM_CONTROL_URL)'] : []),
      ...(key === undefined ? ['a secret key (--key or ATTRIUM_ADMIN_KEY)'] : []),
      ...(workspace === undefined ? ['a workspace (--workspace or ATTRIUM_WORKSPACE)'] : []),
    ];
    throw new CliError(`Missing: ${missing.join(', ')}. While \`npm start\` runs, ${file} has all of them.`);
  }
  return { url: url.replace(/\/+$/, ''), key, workspace };
}

/** Throws CliError that says what is missing. */
export function findIngest(
  flags: { readonly ingest?: string; readonly writeKey?: string },
  env?: Readonly<Record<string, string | undefined>>,
): IngestEndpoint {
  const settings = env === undefined ? loadConfig(cliSettings) : loadConfig(cliSettings, env);
  const file = join(settings.dataDirectory, 'endpoints.json');
  const written = readEndpoints(file);
  const url = flags.ingest ?? settings.ingestUrl ?? written.ingest;
  const local = url === written.ingest ? written : {};
  const writeKey = flags.writeKey ?? settings.writeKey ?? local.writeKey;
  if (url === undefined || writeKey === undefined) {
    const missing = [
      ...(url === undefined ? ['the URL of ingest (--ingest or ATTRIUM_INGEST_URL)'] : []),
      ...(writeKey === undefined ? ['a write key (--write-key or ATTRIUM_WRITE_KEY)'] : []),
    ];
    throw new CliError(`Missing: ${missing.join(', ')}. While \`npm start\` runs, ${file} has all of them.`);
  }
  return { url: url.replace(/\/+$/, ''), writeKey };
}

function readEndpoints(file: string): z.infer<typeof endpointsSchema> {
  try {
    return endpointsSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    // There only while the system runs.
    return {};
  }
}
