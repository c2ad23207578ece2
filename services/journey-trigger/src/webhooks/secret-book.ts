/** The signing secrets of webhooks, kept current by watching the bucket `attrium-secrets`; they never leave this file but as signers. */
import type { Logger } from '@attrium/host';
import type { Bucket, BucketEntry, BucketWatch } from '@attrium/nats';
import type { Webhook } from 'standardwebhooks';
import { signerOf } from './webhook-attempt.js';

export class SecretBook {
  private readonly signers = new Map<string, Webhook>();
  private watch: BucketWatch | undefined;

  constructor(
    private readonly logger: Logger,
    private readonly onChange: () => void,
  ) {}

  /** Resolves when all secrets that exist are known. */
  async open(bucket: Bucket): Promise<void> {
    this.watch = bucket.watch((entry) => this.take(entry));
    await this.watch.ready;
  }

  close(): void {
    this.watch?.stop();
  }

  /** Undefined: there is no such secret, or it is none that can sign. */
  signer(workspace: string, name: string): Webhook | undefined {
    return this.signers.get(`${workspace}.${name}`);
  }

  private take({ key, value }: BucketEntry): void {
    const text = value === undefined ? undefined : Buffer.from(value).toString('utf8').trim();
    const signer = text === undefined ? undefined : signerOf(text);
    if (text !== undefined && signer === undefined) {
      this.logger.error(
        { secretName: key },
        'a webhook secret is not of the form whsec_<base64>; nothing is signed by it',
      );
    }
    if (signer === undefined) this.signers.delete(key);
    else this.signers.set(key, signer);
    this.onChange();
  }
}
