/** Workspaces and the secrets of their webhooks in the bucket `attrium-secrets`: `<workspace>.<NAME>` holds one secret and those that it replaced of late. */
import { randomBytes } from 'node:crypto';
import { type Bucket, decodeSecretEntry, encodeSecretEntry, replaceSecret, type SecretEntry } from '@attrium/nats';
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

  /** The secret in force. */
  async get(workspace: string, name: string): Promise<string | undefined> {
    return (await this.entry(workspace, name))?.current;
  }

  /** The secret in force and those that still sign beside it. */
  async entry(workspace: string, name: string): Promise<SecretEntry | undefined> {
    const entry = await this.bucket.get(`${workspace}.${name}`);
    return entry?.value === undefined ? undefined : decodeSecretEntry(entry.value);
  }

  /** Names, in code unit order. */
  async list(workspace: string): Promise<string[]> {
    return (await this.names()).filter(([of]) => of === workspace).map(([, name]) => name);
  }

  /** What was in force signs on for `keepMs`, so that receivers can change over in their own time. Throws ATR-CONTROL-014. */
  async put(
    workspace: string,
    name: string,
    by: { readonly secret: string; readonly now: number; readonly keepMs: number },
  ): Promise<SecretEntry> {
    const names = await this.list(workspace);
    if (!names.includes(name) && names.length >= SECRETS_MAX) {
      throw new ControlError('tooMany', { message: `A workspace may have at most ${SECRETS_MAX} secrets.` });
    }
    const entry = replaceSecret(await this.entry(workspace, name), by);
    await this.bucket.put(`${workspace}.${name}`, encodeSecretEntry(entry));
    return entry;
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
