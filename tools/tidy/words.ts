/** Words that no committed file holds. */
import type { Finding } from './finding.js';
import { filesOfRepository, textOf } from './tree.js';

interface BannedWord {
  readonly pattern: RegExp;
  readonly what: string;
  readonly instead: string;
  /** Files that speak about the word. */
  readonly except: RegExp;
}

const RULES_THEMSELVES = /^(STYLE|CONTRIBUTING)\.md$|^tools\/tidy\//;

const WORDS: readonly BannedWord[] = [
  {
    pattern: /\b(TODO|FIXME|XXX)\b/,
    what: 'a note to do something later',
    instead: 'Do it, or write an issue.',
    except: RULES_THEMSELVES,
  },
  {
    pattern: /@ts-ignore|@ts-nocheck/,
    what: 'a type check switched off',
    instead: 'Say what shape it has; in a test of wrong input, @ts-expect-error.',
    except: RULES_THEMSELVES,
  },
  {
    pattern: /(^|[\s"'`(=:])\/(work|root|home\/[a-z]+)\//,
    what: 'a path of one machine',
    instead: 'Use a path relative to the repository, or a setting.',
    except: RULES_THEMSELVES,
  },
];

export function bannedWords(): Finding[] {
  return filesOfRepository().flatMap((path) =>
    WORDS.filter(({ except }) => !except.test(path)).flatMap((word) => findIn(path, word)),
  );
}

function findIn(path: string, { pattern, what, instead }: BannedWord): Finding[] {
  const text = textOf(path);
  if (!new RegExp(pattern, 'm').test(text)) return [];
  return text
    .split('\n')
    .flatMap((line, index) =>
      pattern.test(line) ? [{ rule: 'banned word', path, line: index + 1, what, instead }] : [],
    );
}
