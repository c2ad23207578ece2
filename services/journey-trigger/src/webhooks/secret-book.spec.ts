import { encodeSecretEntry } from '@attrium/nats';
import { describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { signerOf } from './secret-book.js';

const secretOf = (fill: number): string => `whsec_${Buffer.alloc(32, fill).toString('base64')}`;
const [OLD, NEW, OTHER] = [secretOf(1), secretOf(2), secretOf(3)];
const ID = '0:1:0';
const BODY = '{"id":"0:1:0"}';

function headersAt(now: number, until: number): Record<string, string> {
  const at = new Date();
  const entry = encodeSecretEntry({ current: NEW, former: [{ secret: OLD, until }] });
  return {
    'webhook-id': ID,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
    'webhook-signature': signerOf(entry, () => now)!.sign(ID, at, BODY),
  };
}

describe('the signature of a webhook', () => {
  it('is taken by a receiver with either secret while one replaces the other, and by none with another', () => {
    const headers = headersAt(1, 2);
    expect(new Webhook(NEW).verify(BODY, headers)).toEqual({ id: ID });
    expect(new Webhook(OLD).verify(BODY, headers)).toEqual({ id: ID });
    expect(() => new Webhook(OTHER).verify(BODY, headers)).toThrow();
    expect(headers['webhook-signature']!.split(' ')).toHaveLength(2);
  });

  it('is made by the secret in force alone when the time of the former is over', () => {
    const headers = headersAt(2, 2);
    expect(new Webhook(NEW).verify(BODY, headers)).toEqual({ id: ID });
    expect(() => new Webhook(OLD).verify(BODY, headers)).toThrow();
  });

  it('cannot be made without a secret in force, and passes over former ones that are none', () => {
    const entry = (current: string, former: string) =>
      encodeSecretEntry({ current, former: [{ secret: former, until: 9 }] });
    expect(signerOf(entry('no secret at all', OLD), () => 0)).toBeUndefined();
    expect(signerOf(entry(NEW, 'whsec_'), () => 0)!.sign(ID, new Date(0), BODY)).not.toContain(' ');
  });
});
