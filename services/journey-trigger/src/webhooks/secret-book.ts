/** The signing secrets of webhooks, kept current by watching the bucket `attrium-secrets`; they never leave this file but as signers. */
import type { Logger } from '@attrium/host';
import { type Bucket, type BucketEntry, type BucketWatch, decodeSecretEntry } from '@attrium/nats';
import type { Clock } from '@attrium/processor';
import { Webhook } from 'standardwebhooks';
import type { Signer } from './webhook-attempt.js';

export class SecretBook {
  private readonly signers = new Map<string, Signer>();
  private watch: BucketWatch | undefined;

  constructor(
    private readonly logger: Logger,
    private readonly clock: Pick<Clock, 'now'>,
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
  signer(workspace: string, name: string): Signer | undefined {
    return this.signers.get(`${workspace}.${name}`);
  }

  private take({ key, value }: BucketEntry): void {
    const signer = value === undefined ? undefined : signerOf(value, () => this.clock.now());
    if (value !== undefined && signer === undefined) {
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

/** Signs by the secret in force and by each former one whose time is not over, in one header; undefined when the first is no secret. */
export function signerOf(entry: Uint8Array, now: () => number): Signer | undefined {
  const { current, former } = decodeSecretEntry(entry);
  const first = keyOf(current);
  if (first === undefined) return undefined;
  const others = former.flatMap(({ secret, until }) => {
    const key = keyOf(secret);
    return key === undefined ? [] : [{ key, until }];
  });
  return {
    sign: (id, at, body) => {
      const keys = [first, ...others.filter(({ until }) => until > now()).map(({ key }) => key)];
      return keys.map((key) => key.sign(id, at, body)).join(' ');
    },
  };
}

/** Undefined when the text is no secret `whsec_…`. */
function keyOf(secret: string): Webhook | undefined {
  try {
    return new Webhook(secret);
  } catch {
    return undefined;
  }
}
