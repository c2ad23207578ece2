/** What the launcher asks of control's REST API. */
import { StandaloneError } from './errors.js';

export class ControlClient {
  constructor(
    private readonly url: string,
    private readonly key: string,
  ) {}

  /** Makes the workspace if there is none of that name. Answers its signing secret, new or as it is. */
  async createWorkspace(workspace: string): Promise<string> {
    const answer = await this.ask<{ webhookSecret: string }>('POST', '/v1/workspaces', { json: { workspace } });
    return answer.webhookSecret;
  }

  /** Answers the text of the new key, which control shows only now. */
  async createKey(
    workspace: string,
    key: { kind: 'write'; source: string } | { kind: 'secret'; role: 'admin' | 'read' },
  ): Promise<string> {
    const answer = await this.ask<{ key: string }>('POST', `/v1/workspaces/${workspace}/keys`, { json: key });
    return answer.key;
  }

  /** The ids of the keys that were not revoked: kind, and the first digits of the hash. */
  async workingKeys(workspace: string): Promise<string[]> {
    const answer = await this.ask<{ keys: { id: string; revokedAt?: string }[] }>(
      'GET',
      `/v1/workspaces/${workspace}/keys`,
    );
    return answer.keys.filter(({ revokedAt }) => revokedAt === undefined).map(({ id }) => id);
  }

  async catalogueRevision(workspace: string): Promise<number> {
    const answer = await this.ask<{ revision: number }>('GET', `/v1/workspaces/${workspace}/catalogue`);
    return answer.revision;
  }

  /** Puts the first catalogue of a workspace. */
  async putCatalogue(workspace: string, yaml: string): Promise<void> {
    await this.ask('PUT', `/v1/workspaces/${workspace}/catalogue`, {
      text: yaml,
      headers: { 'content-type': 'application/yaml', 'if-match': '0' },
    });
  }

  /** Throws ATR-START-004 with what control says. */
  private async ask<T>(
    method: string,
    path: string,
    given: { json?: unknown; text?: string; headers?: Record<string, string> } = {},
  ): Promise<T> {
    const body = given.json === undefined ? given.text : JSON.stringify(given.json);
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.key}`,
        ...(given.json === undefined ? {} : { 'content-type': 'application/json' }),
        ...given.headers,
      },
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.timeout(30_000),
    });
    const text = await response.text();
    if (!response.ok) {
      throw new StandaloneError('ATR-START-004', `Control answered ${response.status} to ${method} ${path}: ${text}`);
    }
    return JSON.parse(text) as T;
  }
}
