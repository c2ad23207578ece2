/** Reads and checks the numbered `.sql` files of a directory. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ClickHouseAdapterError } from './errors.js';
import { fillTemplate, type SchemaForm } from './schema-template.js';
import { splitStatements } from './statements.js';

export interface MigrationFile {
  readonly number: number;
  /** The name of the file without `.sql`. */
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of the text, hexadecimal. */
  readonly checksum: string;
}

const FILE_NAME = /^(\d{4})_[a-z0-9_]+\.sql$/;
/** Two instances may run a statement at once and a crash may repeat it, so each must be harmless the second time. */
const REPEATABLE =
  /^(?:CREATE\b[\s\S]*?\bIF\s+NOT\s+EXISTS\b|ALTER\b[\s\S]*?\bIF\s+(?:NOT\s+)?EXISTS\b|DROP\b[\s\S]*?\bIF\s+EXISTS\b)/i;

/** The files in rising order. Throws ClickHouseAdapterError 'bad-migration' for a bad name, a gap or a double number. */
export async function readMigrations(directory: string): Promise<MigrationFile[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.sql')).sort();
  return Promise.all(
    names.map(async (file, index) => {
      const match = FILE_NAME.exec(file);
      if (match === null || Number(match[1]) !== index + 1) {
        const expected = `${String(index + 1).padStart(4, '0')}_words.sql`;
        throw new ClickHouseAdapterError('bad-migration', `${join(directory, file)} should be named ${expected}`);
      }
      const sql = await readFile(join(directory, file), 'utf8');
      const checksum = createHash('sha256').update(sql).digest('hex');
      return { number: index + 1, name: file.slice(0, -'.sql'.length), sql, checksum };
    }),
  );
}

/** The statements of a file in the form of a server or a cluster. Throws 'bad-migration' for one that cannot be repeated. */
export function statementsOf(file: MigrationFile, form: SchemaForm): string[] {
  const statements = splitStatements(fillTemplate(file.sql, form));
  for (const statement of statements) {
    if (REPEATABLE.test(statement)) continue;
    const start = statement.slice(0, 60).replace(/\s+/g, ' ');
    throw new ClickHouseAdapterError(
      'bad-migration',
      `${file.name}: "${start}…" must be a CREATE … IF NOT EXISTS, ALTER … IF [NOT] EXISTS or DROP … IF EXISTS`,
    );
  }
  return statements;
}
