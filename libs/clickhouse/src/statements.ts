/** Splits a file of SQL into its statements. */

/** Comments, quoted text (with backslash escapes and doubled quotes) and single characters. */
const TOKEN =
  /--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^'\\]|\\[\s\S]|'')*'|"(?:[^"\\]|\\[\s\S]|"")*"|`(?:[^`\\]|\\[\s\S])*`|[\s\S]/g;

/** The statements between semicolons that stand outside of quotes and comments; comments are left out, empty ones too. */
export function splitStatements(sql: string): string[] {
  const statements: string[] = [];
  let current = '';
  const close = (): void => {
    if (current.trim() !== '') statements.push(current.trim());
    current = '';
  };
  for (const [token] of sql.matchAll(TOKEN)) {
    if (token === ';') close();
    else if (token.startsWith('--') || token.startsWith('/*')) current += ' ';
    else current += token;
  }
  close();
  return statements;
}
