/** Which IP addresses webhooks may go to: those of the public internet, and none that lead back into a network of ours. */

interface Range {
  readonly base: string;
  readonly bits: number;
  readonly name: string;
}

const range = (base: string, bits: number, name: string): Range => ({ base, bits, name });

/** IANA's special-purpose registry of IPv4, and multicast. */
const CLOSED_V4: readonly Range[] = [
  range('0.0.0.0', 8, 'unspecified'),
  range('10.0.0.0', 8, 'private'),
  range('100.64.0.0', 10, 'shared (CGNAT)'),
  range('127.0.0.0', 8, 'loopback'),
  range('169.254.0.0', 16, 'link-local'),
  range('172.16.0.0', 12, 'private'),
  range('192.0.0.0', 24, 'reserved'),
  range('192.0.2.0', 24, 'documentation'),
  range('192.88.99.0', 24, 'reserved'),
  range('192.168.0.0', 16, 'private'),
  range('198.18.0.0', 15, 'benchmarking'),
  range('198.51.100.0', 24, 'documentation'),
  range('203.0.113.0', 24, 'documentation'),
  range('224.0.0.0', 4, 'multicast'),
  range('240.0.0.0', 4, 'reserved'),
];

/** Their last 32 bits are the IPv4 address that packets go to. */
const EMBEDDED_V4: readonly Range[] = [range('::ffff:0:0', 96, 'v4-mapped'), range('64:ff9b::', 96, 'NAT64')];

/** Of IPv6 only global unicast is open, less what is reserved in it. */
const OPEN_V6 = range('2000::', 3, 'global unicast');
const CLOSED_V6: readonly Range[] = [
  range('::', 128, 'unspecified'),
  range('::1', 128, 'loopback'),
  range('fc00::', 7, 'unique local'),
  range('fe80::', 10, 'link-local'),
  range('fec0::', 10, 'site-local'),
  range('ff00::', 8, 'multicast'),
  range('2001::', 23, 'reserved (Teredo and others)'),
  range('2001:db8::', 32, 'documentation'),
  range('2002::', 16, '6to4'),
  range('3fff::', 20, 'documentation'),
];

/** Why a webhook may not go to this address; undefined when it may. What is no IP address may not. */
export function addressFault(address: string): string | undefined {
  const v4 = bitsOfV4(address);
  if (v4 !== undefined) return faultOfV4(v4);
  const v6 = bitsOfV6(address);
  if (v6 === undefined) return 'no IP address';
  if (EMBEDDED_V4.some((embedding) => isIn(v6, embedding, 128))) return faultOfV4(v6 & 0xffff_ffffn);
  const closed = CLOSED_V6.find((candidate) => isIn(v6, candidate, 128));
  if (closed !== undefined) return closed.name;
  return isIn(v6, OPEN_V6, 128) ? undefined : 'reserved';
}

function faultOfV4(bits: bigint): string | undefined {
  return CLOSED_V4.find((candidate) => isIn(bits, candidate, 32))?.name;
}

function isIn(bits: bigint, { base, bits: prefix }: Range, width: 32 | 128): boolean {
  const start = (width === 32 ? bitsOfV4(base) : bitsOfV6(base))!;
  const rest = BigInt(width - prefix);
  return bits >> rest === start >> rest;
}

function bitsOfV4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return undefined;
  return parts.reduce((bits, part) => (bits << 8n) | BigInt(part), 0n);
}

/** Also with an IPv4 address at its end and with a zone (`fe80::1%eth0`), as resolvers give them. */
function bitsOfV6(text: string): bigint | undefined {
  let groupsText = text.split('%', 1)[0]!;
  const tail = /:([\d.]*\.[\d.]*)$/.exec(groupsText);
  if (tail !== null) {
    const v4 = bitsOfV4(tail[1]!);
    if (v4 === undefined) return undefined;
    groupsText = `${groupsText.slice(0, -tail[1]!.length)}${(v4 >> 16n).toString(16)}:${(v4 & 0xffffn).toString(16)}`;
  }
  const halves = groupsText.split('::');
  if (halves.length > 2) return undefined;
  const [head, end] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const missing = 8 - head!.length - (end?.length ?? 0);
  if (end === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head!, ...Array<string>(end === undefined ? 0 : missing).fill('0'), ...(end ?? [])];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return groups.reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n);
}
