import { describe, expect, it } from '@jest/globals';
import { configXml, usersXml } from './configuration.js';
import { engineLibrary } from './library.js';

describe('configuration of the embedded engine', () => {
  it('gives every user grants, for one without could read any file', () => {
    const users = usersXml({ attrium: 'a', reader: 'b' });
    const names = [...users.matchAll(/^ {4}<(default|attrium|reader)>(.*)<\/\1>$/gm)].filter(
      (match) => !match[2]!.includes('async_insert'),
    );
    expect(names.map((match) => match[1])).toEqual(['default', 'attrium', 'reader']);
    for (const match of names) expect(match[2]).toContain('<grants><query>GRANT ');
  });

  it('writes passwords and paths as XML text', () => {
    expect(usersXml({ attrium: '<&">', reader: 'b' })).toContain('<password>&#60;&#38;&#34;&#62;</password>');
    expect(configXml('/a&b', { serverBytesMax: 1, markCacheBytesMax: 2 })).toContain(
      '<users_config>/a&#38;b</users_config>',
    );
  });

  it('says what to do where there is no engine', () => {
    expect(() => engineLibrary('win32', 'x64')).toThrow(/ATR-CLICKHOUSE-101: .*CLICKHOUSE_URL/);
  });
});
