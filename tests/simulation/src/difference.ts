/** What a check found wrong, in words. */

export interface Difference {
  readonly check: string;
  readonly stage: string;
  readonly position: string;
  readonly expected: string | undefined;
  readonly found: string | undefined;
}

export function describeDifference({ check, stage, position, expected, found }: Difference): string {
  return [
    `${check}: ${stage}, ${position}`,
    `  expected ${expected ?? 'nothing'}`,
    `  found    ${found ?? 'nothing'}`,
  ].join('\n');
}
