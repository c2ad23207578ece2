/** The settings that browser and mobile SDKs ask for before they send anything. */

/** The least that makes analytics-next and its mobile relatives send their events here. `apiHost` has no scheme. */
export function sdkSettings(writeKey: string, endpoint: { apiHost: string; protocol: string }): object {
  return {
    integrations: {
      'Segment.io': {
        apiKey: writeKey,
        apiHost: endpoint.apiHost,
        protocol: endpoint.protocol,
        retryQueue: true,
        addBundledMetadata: true,
        unbundledIntegrations: [],
        maybeBundledConfigIds: {},
      },
    },
    plan: {
      track: { __default: { enabled: true, integrations: {} } },
      identify: { __default: { enabled: true } },
      group: { __default: { enabled: true } },
    },
    enabledMiddleware: {},
    metrics: { sampleRate: 0 },
    legacyVideoPluginsEnabled: false,
    remotePlugins: [],
  };
}

/** Where SDKs send events: the public URL of ingest, else the host that they asked. */
export function sdkEndpoint(
  publicUrl: string | undefined,
  host: string | undefined,
): { apiHost: string; protocol: string } {
  if (publicUrl === undefined) return { apiHost: `${host ?? 'localhost'}/v1`, protocol: 'http' };
  const url = new URL(publicUrl);
  const path = url.pathname.replace(/\/+$/, '');
  return { apiHost: `${url.host}${path}/v1`, protocol: url.protocol.replace(':', '') };
}
