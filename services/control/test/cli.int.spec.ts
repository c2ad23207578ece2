/** The command line against a running control. */
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { attriumCommand, CliError } from '@attrium/control';
import { newKeyText } from '@attrium/host';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RunningControl, runControl } from './running-control.js';

let control: RunningControl;
const request: RunningControl['request'] = (...args) => control.request(...args);

beforeAll(async () => {
  control = await runControl();
}, 240_000);

afterAll(() => control?.stop());

describe('the command line', () => {
  async function attrium(...args: string[]): Promise<string> {
    const lines: string[] = [];
    const terminal = { out: (line: string) => lines.push(line), err: (line: string) => lines.push(line) };
    const env = {
      ATTRIUM_CONTROL_URL: control.instances[0].httpUrl,
      ATTRIUM_ADMIN_KEY: control.bootstrap,
      ATTRIUM_WORKSPACE: 'fresh',
      ATTRIUM_DATA: control.directory,
    };
    await attriumCommand(terminal, env).parseAsync(args, { from: 'user' });
    return lines.join('\n');
  }

  it('plans, applies once, and shows what is in force', async () => {
    await request('POST', '/v1/workspaces', { body: { workspace: 'fresh' } });
    const file = resolve(import.meta.dirname, '../../../examples/quickstart/catalogue.yaml');
    expect(await attrium('plan', file)).toContain('+ segment big_spenders');
    expect(await attrium('get', 'catalogue')).toContain('"revision":0');
    expect(await attrium('apply', file)).toContain('Revision 1 is in force.');
    expect(await attrium('apply', file)).toBe('Nothing to change; revision 1 is in force.');
    expect(await attrium('status')).toContain('workspace fresh: catalogue revision 1, put by bootstrap');
  });

  it('shows every fault of a catalogue, and changes nothing', async () => {
    const file = join(control.directory, 'faulty.yaml');
    writeFileSync(file, 'attributes:\n  - { name: A, kind: user, type: money, from: [{ trait: a }] }\nextra: 1\n');
    const faults = attrium('apply', file);
    await expect(faults).rejects.toThrow(CliError);
    await expect(faults).rejects.toThrow(/attributes\[0\]\.name/);
    await expect(faults).rejects.toThrow(/attributes\[0\]\.type/);
    await expect(faults).rejects.toThrow(/extra/);
  });

  it('creates, lists and revokes keys', async () => {
    const { id, key } = JSON.parse(await attrium('keys', 'create', 'secret', '--role', 'read', '--name', 'ci'));
    expect(await attrium('keys', 'list')).toContain(id);
    expect((await request('GET', '/v1/workspaces/fresh/catalogue', { key })).status).toBe(200);
    expect(await attrium('keys', 'revoke', id)).toContain('revokedAt');
  });

  it('says what control refuses', async () => {
    await expect(attrium('--key', newKeyText('secret'), 'status')).rejects.toThrow(/ATR-HOST-011/);
    await expect(attrium('get', 'profile', 'user_id:ada')).rejects.toThrow(/ATR-HOST-020/);
    for (const verb of ['resolve', 'identifiers', 'merges']) {
      await expect(attrium(verb, 'user_id:ada')).rejects.toThrow(/ATR-HOST-020/);
      await expect(attrium(verb, 'ada')).rejects.toThrow(/ATR-CONTROL-013/);
    }
  });
});
