/** What an entry of the bucket `attrium-secrets` holds: the secret in force, and former ones that still sign for a while. */

export interface FormerSecret {
  readonly secret: string;
  /** It signs no more from then on, ms. */
  readonly until: number;
}

export interface SecretEntry {
  readonly current: string;
  /** The latest first. */
  readonly former: readonly FormerSecret[];
}

/** Former secrets that may sign beside the one in force. */
export const FORMER_SECRETS_MAX = 3;

/** One line a secret, the one in force first; a former one with its end in milliseconds. */
export function encodeSecretEntry({ current, former }: SecretEntry): Uint8Array {
  return Buffer.from([current, ...former.map(({ secret, until }) => `${secret} ${until}`)].join('\n'));
}

/** Lines that say no end are passed over. */
export function decodeSecretEntry(bytes: Uint8Array): SecretEntry {
  const [current = '', ...rest] = Buffer.from(bytes).toString('utf8').trim().split('\n');
  const former = rest.flatMap((line) => {
    const match = /^(\S+) (\d{1,16})$/.exec(line.trim());
    return match === null ? [] : [{ secret: match[1]!, until: Number(match[2]) }];
  });
  return { current: current.trim(), former: former.slice(0, FORMER_SECRETS_MAX) };
}

/** The entry after a replacement: what was in force signs on until then, if that lies ahead. */
export function replaceSecret(
  entry: SecretEntry | undefined,
  by: { readonly secret: string; readonly now: number; readonly keepMs: number },
): SecretEntry {
  const { secret, now, keepMs } = by;
  if (entry === undefined || keepMs <= 0) return { current: secret, former: [] };
  const former = [{ secret: entry.current, until: now + keepMs }, ...entry.former.filter(({ until }) => until > now)];
  const others = former.filter((old) => old.secret !== secret);
  return { current: secret, former: others.slice(0, FORMER_SECRETS_MAX) };
}
