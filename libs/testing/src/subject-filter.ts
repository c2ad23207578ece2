/** NATS subject filters: `*` stands for one token, `>` at the end for one token or more. */

export function matchesSubject(filter: string, subject: string): boolean {
  if (!filter.includes('*')) {
    // '>' alone or after a point: whatever begins like this and goes on.
    const prefix = filter.endsWith('>') ? filter.slice(0, -1) : undefined;
    return prefix === undefined ? filter === subject : subject.length > prefix.length && subject.startsWith(prefix);
  }
  const wanted = filter.split('.');
  const tokens = subject.split('.');
  for (let index = 0; index < wanted.length; index++) {
    if (wanted[index] === '>') return tokens.length > index;
    if (index >= tokens.length || (wanted[index] !== '*' && wanted[index] !== tokens[index])) return false;
  }
  return wanted.length === tokens.length;
}

/** The stream that stores a subject: `attrium-<second token>`, as `ensureStreams` of the NATS adapter lays them out. */
export function streamOfSubject(subject: string): string {
  const [first, second] = subject.split('.');
  return second === undefined ? `${first}` : `${first}-${second}`;
}
