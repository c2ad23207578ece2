import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findEndpoint, findIngest } from './endpoint.js';

const directory = mkdtempSync(join(tmpdir(), 'attrium-cli-'));
const written = { control: 'http://127.0.0.1:1', adminKey: 'written', workspace: 'demo' };

beforeAll(() => writeFileSync(join(directory, 'endpoints.json'), JSON.stringify({ ...written, ingest: 'x' })));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('the endpoint of the command line', () => {
  it('is that of the running system', () => {
    expect(findEndpoint({}, { ATTRIUM_DATA: directory })).toEqual({
      url: written.control,
      key: 'written',
      workspace: 'demo',
    });
  });

  it('is that of the environment before it, and that of flags before both', () => {
    const env = {
      ATTRIUM_DATA: directory,
      ATTRIUM_CONTROL_URL: 'http://b:2/',
      ATTRIUM_ADMIN_KEY: 'env',
      ATTRIUM_WORKSPACE: 'env',
    };
    expect(findEndpoint({}, env)).toEqual({ url: 'http://b:2', key: 'env', workspace: 'env' });
    expect(findEndpoint({ url: 'http://c', key: 'flag', workspace: 'flag' }, env)).toEqual({
      url: 'http://c',
      key: 'flag',
      workspace: 'flag',
    });
  });

  it('of ingest is found the same way, and its key never goes elsewhere', () => {
    const env = { ATTRIUM_DATA: directory };
    expect(() => findIngest({}, env)).toThrow(/a write key/);
    const given = { ...env, ATTRIUM_INGEST_URL: 'http://i/', ATTRIUM_WRITE_KEY: 'w' };
    expect(findIngest({}, given)).toEqual({ url: 'http://i', writeKey: 'w' });
    expect(findIngest({ ingest: 'http://j', writeKey: 'v' }, given)).toEqual({ url: 'http://j', writeKey: 'v' });
    expect(() => findIngest({ ingest: 'http://j' }, env)).toThrow(/a write key/);
  });

  it('never takes the written key to another control', () => {
    expect(() => findEndpoint({ url: 'http://elsewhere' }, { ATTRIUM_DATA: directory })).toThrow(
      /a secret key .*a workspace/,
    );
  });

  it('is missed with all that is missing', () => {
    expect(() => findEndpoint({}, { ATTRIUM_DATA: join(directory, 'none') })).toThrow(
      /ATTRIUM_CONTROL_URL.*ATTRIUM_ADMIN_KEY.*ATTRIUM_WORKSPACE/,
    );
  });
});
