/** `attrium consent …`: what a profile stated, and statements that somebody makes for it. */
import { type Command, Option } from 'commander';
import type { ApiClient } from './api-client.js';
import { CliError } from './cli-error.js';
import { findIngest, type IngestEndpoint } from './endpoint.js';

const TIMEOUT_MS = 30_000;

interface SetOptions {
  readonly purpose: string;
  readonly channel?: string;
  readonly at?: string;
  readonly source?: string;
  readonly ingest?: string;
  readonly writeKey?: string;
}

export function addConsentCommands(
  program: Command,
  parts: {
    readonly api: () => ApiClient;
    readonly env: Readonly<Record<string, string | undefined>> | undefined;
    readonly json: (value: unknown) => void;
  },
): void {
  const { api, env, json } = parts;
  const consent = program.command('consent').description('show and record what people consent to');
  consent
    .command('get <identifier>')
    .description('print what a profile (TYPE:VALUE) stated, by purpose and channel')
    .action(async (identifier: string) => {
      const { profileId, consent: stated } = (await api().profile(identifier)) as Record<string, unknown>;
      json({ profileId, consent: stated });
    });
  for (const status of ['granted', 'withdrawn'] as const) {
    consent
      .command(`${status === 'granted' ? 'grant' : 'withdraw'} <identifier>`)
      .description(`record that consent was ${status} by whoever has an identifier (TYPE:VALUE)`)
      .requiredOption('--purpose <name>', 'one of the catalogue')
      .addOption(new Option('--channel <name>', 'one of the catalogue, or * for the purpose with all its channels'))
      .option('--at <time>', 'when, ISO 8601; else now')
      .option('--source <text>', 'where it was stated, for the record')
      .option('--ingest <url>', 'URL of ingest (ATTRIUM_INGEST_URL)')
      .option('--write-key <key>', 'write key (ATTRIUM_WRITE_KEY)')
      .action(async (identifier: string, { ingest, writeKey, ...options }: SetOptions) => {
        const endpoint = findIngest({ ...(ingest && { ingest }), ...(writeKey && { writeKey }) }, env);
        const body = { identifiers: [identifierOf(identifier)], consent: [{ status, ...options }] };
        json(await sent(endpoint, body));
      });
  }
}

function identifierOf(text: string): { type: string; value: string } {
  const [, type, value] = /^([^:]+):(.+)$/s.exec(text) ?? [];
  if (type === undefined || value === undefined) throw new CliError(`${text} is not TYPE:VALUE.`);
  return { type, value };
}

async function sent({ url, writeKey }: IngestEndpoint, body: object): Promise<unknown> {
  const response = await fetch(`${url}/v1/consent`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${writeKey}:`).toString('base64')}` },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((cause: Error & { cause?: Error }) => {
    throw new CliError(`Ingest at ${url} cannot be reached: ${cause.cause?.message ?? cause.message}`, { cause });
  });
  const answer = (await response.json().catch(() => ({}))) as { error?: { code?: string; message?: string } };
  if (response.ok) return answer;
  const { error } = answer;
  throw new CliError(error === undefined ? `Ingest answered ${response.status}.` : `${error.message} (${error.code})`);
}
