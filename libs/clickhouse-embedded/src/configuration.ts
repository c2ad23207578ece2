/** Writes what the engine reads at each start: its settings, its users and the statement that opens the port. */
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Passwords of the user that owns the database `attrium` and of the user that may only read it. */
export interface Passwords {
  readonly attrium: string;
  readonly reader: string;
}

export interface Paths {
  /** The engine's own data. */
  readonly data: string;
  readonly config: string;
  readonly startSql: string;
  readonly log: string;
}

/** Memory bounds in bytes. The engine answers error 241 to a query that would pass them. */
export interface MemoryLimits {
  readonly serverBytesMax: number;
  readonly markCacheBytesMax: number;
}

export const DEFAULT_MEMORY: MemoryLimits = { serverBytesMax: 1_500_000_000, markCacheBytesMax: 64 << 20 };

function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Exported for its test. */
export function configXml(usersPath: string, memory: MemoryLimits): string {
  // The threshold of processor time is off: on a small machine the engine would refuse queries because of its neighbours.
  // Ten parts of a size are merged at once in place of five: merges cost more than inserts, and each row is then merged less often.
  return `<clickhouse>
  <display_name>attrium</display_name>
  <keep_alive_timeout>10</keep_alive_timeout>
  <shutdown_wait_unfinished>1</shutdown_wait_unfinished>
  <max_server_memory_usage>${memory.serverBytesMax}</max_server_memory_usage>
  <mark_cache_size>${memory.markCacheBytesMax}</mark_cache_size>
  <primary_index_cache_size>${memory.markCacheBytesMax}</primary_index_cache_size>
  <background_pool_size>2</background_pool_size>
  <merge_tree><merge_selector_base>10</merge_selector_base></merge_tree>
  <os_cpu_busy_time_threshold>1000000000</os_cpu_busy_time_threshold>
  <users_config>${escapeXml(usersPath)}</users_config>
</clickhouse>
`;
}

/** Exported for its test. Every user has grants: one without could read any file and URL by `file()` and `url()`. */
export function usersXml(passwords: Passwords): string {
  const loopback =
    '<networks><ip>127.0.0.1</ip><ip>::1</ip></networks><profile>default</profile><quota>default</quota>';
  const grants = (...rights: string[]): string =>
    `<grants>${rights.map((right) => `<query>GRANT ${right}</query>`).join('')}</grants>`;
  return `<clickhouse>
  <profiles>
    <default><async_insert>0</async_insert><implicit_select>0</implicit_select><max_threads>2</max_threads></default>
    <reader><async_insert>0</async_insert><implicit_select>0</implicit_select><max_threads>2</max_threads><readonly>2</readonly></reader>
  </profiles>
  <users>
    <default><no_password/>${loopback}${grants('SYSTEM LISTEN ON *.*')}</default>
    <attrium><password>${escapeXml(passwords.attrium)}</password>${loopback}${grants(
      'ALL ON attrium.*',
      'CREATE DATABASE ON attrium.*',
      'SELECT ON system.*',
      'CREATE TEMPORARY TABLE, SYSTEM, KILL QUERY, TABLE ENGINE ON *.*',
    )}</attrium>
    <reader><password>${escapeXml(passwords.reader)}</password>${loopback.replace('>default</profile>', '>reader</profile>')}${grants(
      'SELECT ON attrium.*',
    )}</reader>
  </users>
  <quotas><default/></quotas>
</clickhouse>
`;
}

/** The passwords of this directory: those given, else those of its last start, else new ones. Kept with mode 600. */
async function keepPasswords(directory: string, given: Passwords | undefined): Promise<Passwords> {
  const path = join(directory, 'passwords.json');
  const kept = await readFile(path, 'utf8').then(
    (text) => JSON.parse(text) as Passwords,
    () => undefined,
  );
  const passwords = given ??
    kept ?? { attrium: randomBytes(24).toString('base64url'), reader: randomBytes(24).toString('base64url') };
  await writePrivate(path, JSON.stringify(passwords));
  return passwords;
}

/** By rename, so that a crash leaves the old file or the new one. */
async function writePrivate(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text, { mode: 0o600 });
  await chmod(`${path}.new`, 0o600);
  await rename(`${path}.new`, path);
}

/** Prepares `directory` (absolute) for a start of the engine. */
export async function configure(
  directory: string,
  options: { passwords?: Passwords | undefined; memory: MemoryLimits },
): Promise<{ paths: Paths; passwords: Passwords }> {
  const paths: Paths = {
    data: join(directory, 'data'),
    config: join(directory, 'config', 'config.xml'),
    startSql: join(directory, 'config', 'start.sql'),
    log: join(directory, 'clickhouse.log'),
  };
  await mkdir(paths.data, { recursive: true, mode: 0o700 });
  await mkdir(join(directory, 'config'), { recursive: true, mode: 0o700 });
  const passwords = await keepPasswords(directory, options.passwords);
  const users = join(directory, 'config', 'users.xml');
  await writePrivate(users, usersXml(passwords));
  await writePrivate(paths.config, configXml(users, options.memory));
  await writePrivate(paths.startSql, 'SYSTEM START LISTEN HTTP;\n');
  return { paths, passwords };
}
