/** The quickstart's catalogue, with its webhooks at a receiver of the test and windows that a test can wait for, a trigger whose firings wait, and a static list that one watches. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { rest } from './clients.js';
import type { Endpoints } from './standalone.js';

/** How long `visits_30s` and `active_now` look back in these tests. */
export const WINDOW_MS = 2_000;

/** How long firings of `cart_waits` wait for an order. */
export const WAIT_MS = 4_000;
const CART_WAITS = `
  - name: cart_waits
    when: { event: Cart Filled, where: { property: total, gt: 10 } }
    if: { attribute: email, exists: true }
    wait_for: { event: Cart Ordered, timeout: ${WAIT_MS / 1_000}s }
    frequency: { once: true, key: { property: cart_id } }
    properties: [total]
    deliver: [{ stream: true }]
`;

/** So few that a test reaches it. */
const QUARANTINE = `
identity:
  quarantine: { merges: 2, within: 1h }
`;

const FRIENDS = `segments:
  - { name: friends, of: user, static: true }`;
const FRIEND_MOVES = `
  - name: friend_moves
    when: { segment: friends, enters: true, exits: true }
    frequency: every
    deliver: [{ stream: true }]
`;

/** Fires for big spenders at a minute of the day, by the clock of Kathmandu. */
export function minuteDigest(minute: string): string {
  return `
  - name: minute_digest
    when: { segment: big_spenders, schedule: { daily: "${minute}", time_zone: Asia/Kathmandu } }
    frequency: every
    payload: [first_name]
    deliver: [{ stream: true }]
`;
}

/** `more`: YAML of further triggers. */
export async function applyShopCatalogue(endpoints: Endpoints, webhookUrl: string, more = ''): Promise<number> {
  const url = `${endpoints.control}/v1/workspaces/${endpoints.workspace}/catalogue`;
  const file = resolve(import.meta.dirname, '../../../examples/quickstart/catalogue.yaml');
  const catalogue = readFileSync(file, 'utf8')
    .replaceAll('http://127.0.0.1:9911/hooks/attrium', webhookUrl)
    .replaceAll('within: 30s', `within: ${WINDOW_MS / 1_000}s`)
    .replace(/^segments:$/m, FRIENDS)
    .concat(CART_WAITS, FRIEND_MOVES, more, QUARANTINE);
  const { body } = await rest(url, { key: endpoints.adminKey });
  const { revision } = body as { revision: number };
  const headers = { 'content-type': 'application/yaml', 'if-match': String(revision) };
  const answer = await rest(url, { method: 'PUT', key: endpoints.adminKey, body: catalogue, headers });
  if (answer.status !== 200) throw new Error(`control refused the catalogue: ${JSON.stringify(answer)}`);
  return (answer.body as { revision: number }).revision;
}
