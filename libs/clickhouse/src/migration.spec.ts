import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { readMigrations, statementsOf } from './migration-file.js';
import { fillTemplate } from './schema-template.js';
import { splitStatements } from './statements.js';

const ONE = { database: 'attrium', cluster: undefined };
const CLUSTER = { database: 'attrium', cluster: 'main' };

const SQL = `CREATE TABLE IF NOT EXISTS {{local:events}} {{on_cluster}} (a UInt8)
ENGINE = {{engine:ReplacingMergeTree(version, is_deleted)}} ORDER BY a SETTINGS {{deduplication}};
{{distributed:events by cityHash64(a, b)}};`;

async function withFiles(files: Record<string, string>, use: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'attrium-migrations-'));
  for (const [name, sql] of Object.entries(files)) await writeFile(join(directory, name), sql);
  await use(directory);
  await rm(directory, { recursive: true });
}

describe('statements of a file', () => {
  it('end at semicolons outside of quotes and comments', () => {
    const sql = `-- a; b\nSELECT ';', "a;b", \`c;d\`, 'it''s; \\'x;'; /* ; */ SELECT 2;\n\n;`;
    expect(splitStatements(sql)).toEqual([`SELECT ';', "a;b", \`c;d\`, 'it''s; \\'x;'`, 'SELECT 2']);
  });
});

describe('forms of the schema', () => {
  it('are plain tables on one server', () => {
    expect(splitStatements(fillTemplate(SQL, ONE)).map((text) => text.replace(/\s+/g, ' '))).toEqual([
      'CREATE TABLE IF NOT EXISTS events (a UInt8) ENGINE = ReplacingMergeTree(version, is_deleted) ORDER BY a SETTINGS non_replicated_deduplication_window = 10000',
    ]);
  });

  it('are replicated and distributed tables on a cluster', () => {
    expect(splitStatements(fillTemplate(SQL, CLUSTER)).map((text) => text.replace(/\s+/g, ' '))).toEqual([
      'CREATE TABLE IF NOT EXISTS events_local ON CLUSTER `main` (a UInt8) ENGINE = ReplicatedReplacingMergeTree(version, is_deleted) ORDER BY a ' +
        'SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 2678400',
      'CREATE TABLE IF NOT EXISTS events ON CLUSTER `main` AS events_local ENGINE = Distributed(`main`, `attrium`, events_local, cityHash64(a, b))',
    ]);
    expect(fillTemplate('{{engine_everywhere:ReplacingMergeTree(last)}}', CLUSTER)).toBe(
      "ReplicatedReplacingMergeTree('/clickhouse/tables/{database}/{table}', '{shard}-{replica}', last)",
    );
  });

  it('have no other placeholders', () => {
    expect(() => fillTemplate('{{engin:MergeTree}}', ONE)).toThrow('ATR-CLICKHOUSE-002');
  });

  it('exist of every file of every service, workspace first in the order and repeatable', async () => {
    const root = fileURLToPath(new URL('../../..', import.meta.url));
    for (const service of ['identity', 'attribute-compute', 'segment', 'journey-trigger']) {
      for (const file of await readMigrations(join(root, 'services', service, 'migrations'))) {
        for (const form of [ONE, CLUSTER]) {
          const [table] = statementsOf(file, form);
          if (table!.startsWith('ALTER TABLE ')) continue;
          expect(table).toMatch(/ORDER BY \(workspace_id, /);
          expect(table).toMatch(/deduplication_window = 10000/);
          for (const column of ['partition UInt16', 'sequence UInt64', 'row_index UInt32'])
            expect(table).toContain(column);
        }
        expect(statementsOf(file, CLUSTER)).toHaveLength(2);
      }
    }
  });

  it('alter the local tables of a cluster and the distributed one above them, and one table elsewhere', async () => {
    const directory = fileURLToPath(new URL('../../../services/journey-trigger/migrations', import.meta.url));
    const [, file] = await readMigrations(directory);
    const altered = (form: typeof ONE | typeof CLUSTER): string[] =>
      statementsOf(file!, form).map((statement) => statement.split(/\s+/).slice(0, 3).join(' '));
    expect(altered(CLUSTER)).toEqual(['ALTER TABLE firings_local', 'ALTER TABLE firings']);
    expect(altered(ONE)).toEqual(['ALTER TABLE firings', 'ALTER TABLE firings']);
    for (const statement of statementsOf(file!, ONE)) {
      expect(statement.match(/\bADD (?:COLUMN|INDEX)\b/g)!.length).toBe(statement.match(/IF NOT EXISTS/g)!.length);
    }
  });
});

describe('files', () => {
  it('are numbered without gaps', async () => {
    await withFiles({ '0001_a.sql': '', '0003_b.sql': '' }, async (directory) => {
      await expect(readMigrations(directory)).rejects.toThrow(
        /ATR-CLICKHOUSE-002: .*0003_b\.sql should be named 0002_words\.sql/,
      );
    });
  });

  it('may only hold statements that are harmless when they run twice', async () => {
    await withFiles({ '0001_a.sql': 'ALTER TABLE a ADD COLUMN b String' }, async (directory) => {
      const [file] = await readMigrations(directory);
      expect(() => statementsOf(file!, ONE)).toThrow(/ATR-CLICKHOUSE-002: 0001_a: "ALTER TABLE/);
    });
  });
});
