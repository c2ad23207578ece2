/** Reads the keys of the installation at the start of a service: as soon as there is a bucket of them, which is not made here. */
import { Bucket, KEYS_BUCKET, type NatsLink } from '@attrium/nats';
import { KeyRing } from './key-ring.js';
import type { Logger } from './logger.js';
import { bucketKeySource } from './nats-endpoint.js';
import type { Readiness } from './readiness.js';

export interface OpeningKeys {
  readonly keys: KeyRing;
  /** Settles when every key that exists is known, or when it was closed before. */
  readonly opened: Promise<void>;
  close(): Promise<void>;
}

const RETRY_MS = 500;

/** Begins to open, and goes on until the bucket can be read; the instance is not ready before. */
export function openKeys(host: {
  readonly link: Pick<NatsLink, 'read'>;
  readonly logger: Logger;
  readonly readiness: Readiness;
}): OpeningKeys {
  const keys = new KeyRing();
  let closed = false;
  host.readiness.register('keys', () => (keys.isOpen ? undefined : 'the keys are not read yet'));
  const open = async (): Promise<void> => {
    for (let attempt = 0; !closed; attempt++) {
      try {
        await keys.open(bucketKeySource(await Bucket.open(host.link.read, KEYS_BUCKET)));
        return;
      } catch (error) {
        if (attempt === 0) host.logger.warn({ err: error }, 'the keys cannot be read yet');
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  };
  const opened = open();
  return {
    keys,
    opened,
    close: async () => {
      closed = true;
      if (keys.isOpen) await keys.close();
      // An end is not held up by a bucket that is out of reach.
      else void opened.then(() => keys.close());
    },
  };
}
