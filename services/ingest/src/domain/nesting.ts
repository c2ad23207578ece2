/** Bounds the nesting of JSON text before anything recursive sees it. */

/** Stands in the text for a value that was nested too deeply. No client sends this string: it holds a NUL. */
export const TOO_DEEP = '\u0000attrium: nested too deeply';
const TOO_DEEP_JSON = JSON.stringify(TOO_DEEP);

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

export interface BoundedNesting {
  readonly text: string;
  /** How many values were replaced by the string TOO_DEEP. */
  readonly replaced: number;
}

/**
 * Replaces every value that begins at level `replaceLevel` (the outermost value is level 1) and holds more than `levelsMax` levels in all,
 * counted from the outermost, by the string TOO_DEEP. The text needs not be valid JSON: what is not, stays so.
 */
export function boundNesting(text: string, bounds: { levelsMax: number; replaceLevel: number }): BoundedNesting {
  let level = 0;
  let start = 0;
  let deepest = 0;
  let kept = 0;
  let replaced = 0;
  let bounded = '';
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at);
    } else if (code === 0x7b || code === 0x5b) {
      level++;
      if (level === bounds.replaceLevel) {
        start = at;
        deepest = level;
      } else if (level > deepest) {
        deepest = level;
      }
    } else if (code === 0x7d || code === 0x5d) {
      if (level === bounds.replaceLevel && deepest > bounds.levelsMax) {
        bounded += text.slice(kept, start) + TOO_DEEP_JSON;
        kept = at + 1;
        replaced++;
        deepest = 0;
      }
      if (level > 0) level--;
    }
  }
  // Brackets that never close: no JSON, but it must not reach a parser at this depth either.
  if (level >= bounds.replaceLevel && deepest > bounds.levelsMax)
    return { text: bounded + text.slice(kept, start), replaced };
  return replaced === 0 ? { text, replaced } : { text: bounded + text.slice(kept), replaced };
}

/** The closing quote of the string that opens at `open`, or the end of the text. */
function endOfString(text: string, open: number): number {
  for (let close = text.indexOf('"', open + 1); close >= 0; close = text.indexOf('"', close + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(close - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return close;
  }
  return text.length;
}
