/** The network address of whoever sent a request, past the proxies that are known to stand before ingest. */

/** `hops` proxies have appended to X-Forwarded-For; what stands left of their entries is hearsay. */
export function senderAddress(options: {
  connection: string | undefined;
  forwardedFor: string | string[] | undefined;
  hops: number;
}): string | undefined {
  const { connection, forwardedFor, hops } = options;
  if (hops === 0 || forwardedFor === undefined) return plain(connection);
  const list = (Array.isArray(forwardedFor) ? forwardedFor.join(',') : forwardedFor)
    .split(',')
    .map((entry) => entry.trim());
  const entry = list[Math.max(0, list.length - hops)];
  return plain(entry !== undefined && /^[0-9A-Fa-f:.]{2,45}$/.test(entry) ? entry : connection);
}

/** An IPv4 address without its IPv6 dress. */
function plain(address: string | undefined): string | undefined {
  return address?.startsWith('::ffff:') ? address.slice(7) : address;
}
