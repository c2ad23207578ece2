/** Finds libchdb for this platform among the optional dependencies. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { EmbeddedClickHouseError } from './errors.js';

const PACKAGES: Readonly<Record<string, string>> = {
  'linux-x64': '@chdb/lib-linux-x64-gnu',
  'linux-arm64': '@chdb/lib-linux-arm64-gnu',
  'darwin-x64': '@chdb/lib-darwin-x64',
  'darwin-arm64': '@chdb/lib-darwin-arm64',
};

export interface EngineLibrary {
  /** Path of the engine's shared library. */
  readonly library: string;
  /** Name or path of the C library, for one `pipe()`. */
  readonly libc: string;
}

/** Throws EmbeddedClickHouseError 'no-library' where none is installed. */
export function engineLibrary(platform: string = process.platform, architecture: string = process.arch): EngineLibrary {
  const name = PACKAGES[`${platform}-${architecture}`];
  const instead = 'Set CLICKHOUSE_URL to the URL of a ClickHouse server instead.';
  if (name === undefined) {
    throw new EmbeddedClickHouseError(
      'no-library',
      `There is no embedded ClickHouse for ${platform} on ${architecture}. ${instead}`,
    );
  }
  try {
    const directory = dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
    const library = join(directory, 'libchdb.so');
    if (!existsSync(library)) throw new Error(`${library} is missing`);
    return { library, libc: platform === 'linux' ? 'libc.so.6' : '/usr/lib/libSystem.B.dylib' };
  } catch (cause) {
    throw new EmbeddedClickHouseError(
      'no-library',
      `${name} is not installed (npm leaves it out with --omit=optional). ${instead}`,
      { cause },
    );
  }
}
