/** What is printed when everything is ready: where things are, the keys, and what to try first. */
import type { Endpoints } from './data-folder.js';

export function greeting(endpoints: Endpoints, place: { dataDirectory: string; seconds: string }): string {
  const { ingest, control, grpc, nats, clickhouse, writeKey, adminKey, workspace, webhookSecret } = endpoints;
  const batch = {
    batch: [
      { type: 'identify', userId: 'ada', traits: { email: 'ada@example.com', first_name: 'Ada', plan: 'pro' } },
      { type: 'track', userId: 'ada', event: 'Order Completed', properties: { revenue: 600 } },
    ],
  };
  const addresses = Object.entries(grpc).map(([service, address]) => `${service} ${address}`);
  const half = Math.ceil(addresses.length / 2);
  return `
Attrium is ready (${place.seconds} s).

  Events       ${ingest}   for Segment SDKs and curl
  Control      ${control}   catalogue and profiles, REST
  gRPC         ${addresses.slice(0, half).join(', ')}
               ${addresses.slice(half).join(', ')}
  NATS         ${nats}   firings: attrium.deliveries.${workspace}.>
  ClickHouse   ${clickhouse}
  Data         ${place.dataDirectory}   logs in logs/, all of the above in endpoints.json

  Workspace    ${workspace}
  Write key    ${writeKey}
  Admin key    ${adminKey}
  Webhooks     signed with ${webhookSecret}

Try it: Ada orders for 600, which makes her a big spender.

  curl -u ${writeKey}: ${ingest}/v1/batch -d '${JSON.stringify(batch)}'

Read her profile back:

  curl -H 'Authorization: Bearer ${adminKey}' ${control}/v1/workspaces/${workspace}/profiles/user_id:ada

Ctrl-C stops it; the data stays. \`npm start -- --demo\` sends the traffic of a shop.`;
}
