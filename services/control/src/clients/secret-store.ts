/** Workspaces and the secrets of their webhooks in the bucket `attrium-secrets`: `<workspace>.<NAME>` holds the text of one secret. */
import { randomBytes } from 'node:crypto';
import type { Bucket } from '@attrium/nats';
import { ControlError } from '../errors.js';

/** The secret that a workspace signs with where a trigger names none; a workspace exists when it has one. */
export const SIGNING_SECRET = 'SIGNING';

const SECRET_BYTES = 32;
/** Secrets of one workspace. */
const SECRETS_MAX = 100;

/** A new secret of Standard Webhooks: `whsec_` and 32 random bytes in base64. */
export function newSecretText(): string {
  return `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;
}

/** Whether a text is a secret of Standard Webhooks: `whsec_` and 24 to 64 bytes in base64. */
export function isSecretText(text: string): boolean {
  const match = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text);
  if (match === null) return false;
  const bytes = Buffer.from(match[1]!, 'base64');
  return bytes.toString('base64') === match[1] && bytes.length >= 24 && bytes.length <= 64;
}

export class SecretStore {
  constructor(private readonly bucket: Bucket) {}

  /** Creates a workspace if there is none of that name; returns its signing secret. */
  async createWorkspace(workspace: string): Promise<{ readonly created: boolean; readonly secret: string }> {
    const secret = newSecretText();
    const outcome = await this.bucket.create(`${workspace}.${SIGNING_SECRET}`, Buffer.from(secret));
    if (outcome.kind === 'stored') return { created: true, secret };
    const existing = await this.get(workspace, SIGNING_SECRET);
    if (existing === undefined) throw new Error(`the signing secret of ${workspace} was deleted`);
    return { created: false, secret: existing };
  }

  async workspaces(): Promise<string[]> {
    return (await this.names()).filter(([, name]) => name === SIGNING_SECRET).map(([workspace]) => workspace);
  }

  /** Throws ATR-CONTROL-040. */
  async requireWorkspace(workspace: string): Promise<void> {
    if ((await this.get(workspace, SIGNING_SECRET)) === undefined) throw new ControlError('noWorkspace');
  }

  async get(workspace: string, name: string): Promise<string | undefined> {
    const entry = await this.bucket.get(`${workspace}.${name}`);
    return entry?.value === undefined ? undefined : Buffer.from(entry.value).toString('utf8');
  }

  /** Names, in code unit order. */
  async list(workspace: string): Promise<string[]> {
    return (await this.names()).filter(([of]) => of === workspace).map(([, name]) => name);
  }

  /** Throws ATR-CONTROL-014. */
  async put(workspace: string, name: string, secret: string): Promise<void> {
    const names = await this.list(workspace);
    if (!names.includes(name) && names.length >= SECRETS_MAX) {
      throw new ControlError('tooMany', { message: `A workspace may have at most ${SECRETS_MAX} secrets.` });
    }
    await this.bucket.put(`${workspace}.${name}`, Buffer.from(secret));
  }

  /** Throws ATR-CONTROL-042. The signing secret can be replaced, not deleted. */
  async delete(workspace: string, name: string): Promise<void> {
    if (name === SIGNING_SECRET || (await this.get(workspace, name)) === undefined) throw new ControlError('noSecret');
    await this.bucket.delete(`${workspace}.${name}`);
  }

  private async names(): Promise<[workspace: string, name: string][]> {
    const entries = await this.bucket.entries();
    return entries
      .map(({ key }) => key.split('.', 2) as [string, string])
      .sort(([a, b], [c, d]) => (`${a}.${b}` < `${c}.${d}` ? -1 : 1));
  }
}
