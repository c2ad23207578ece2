/** Text in SQL as conditions see it: by UTF-16 code units, while ClickHouse holds UTF-8. */

/**
 * A text whose bytes have the order of its UTF-16 code units: characters beyond U+FFFF, whose first unit is a surrogate, come before
 * U+E000 and after U+D7FF.
 */
export function codeUnitOrder(text: string): string {
  // Their first bytes, and only theirs, are F0 to F4. U+D7FF begins with ED 9F, U+E000 with EE.
  return ['F0', 'F1', 'F2', 'F3', 'F4'].reduce(
    (inner, byte) => `replaceAll(${inner}, unhex('${byte}'), unhex('EDFF${byte}'))`,
    text,
  );
}
