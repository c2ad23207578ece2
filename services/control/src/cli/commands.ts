/** The commands of `attrium`. */
import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { ApiClient, type PlanAnswer } from './api-client.js';
import { CliError } from './cli-error.js';
import { addConsentCommands } from './consent-commands.js';
import { addDeliveryCommands } from './delivery-commands.js';
import { type EndpointFlags, findEndpoint } from './endpoint.js';
import { addErasureCommands } from './erasure-commands.js';
import { addIdentityQuarantineCommands } from './identity-commands.js';
import {
  type BackfillsAnswer,
  backfillLines,
  faultLines,
  planLines,
  previewLines,
  type StatusAnswer,
  statusLines,
} from './plan-text.js';
import { addSegmentCommands } from './segment-commands.js';
import { addTriggerCommands } from './trigger-commands.js';

/** What a command writes. */
export interface Terminal {
  out(line: string): void;
  err(line: string): void;
}

/** The command line; `parseAsync` rejects with CliError, or with commander's own error for wrong usage. */
export function attriumCommand(terminal: Terminal, env?: Readonly<Record<string, string | undefined>>): Command {
  const program = new Command('attrium')
    .description('Works with the definitions, profiles and keys of an Attrium workspace.')
    .option('--url <url>', 'URL of control (ATTRIUM_CONTROL_URL)')
    .option('--key <key>', 'secret key (ATTRIUM_ADMIN_KEY)')
    .option('--workspace <name>', 'workspace (ATTRIUM_WORKSPACE)')
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.err(text.trimEnd()),
    })
    .exitOverride();
  const api = (): ApiClient => new ApiClient(findEndpoint(program.opts<EndpointFlags>(), env));
  const json = (value: unknown): void => terminal.out(JSON.stringify(value, null, 2));
  addCatalogueCommands(program, api, terminal);
  program
    .command('preview <file>')
    .description('count whom a segment (YAML or JSON, with where) would have, without putting it anywhere')
    .action(async (file: string) => {
      for (const line of previewLines(await api().preview(readFile(file), contentTypeOf(file)))) terminal.out(line);
    });
  program
    .command('get <what> [identifier]')
    .description(
      'print the catalogue, the sizes of segments, a profile or an account: get catalogue|segments|profile TYPE:VALUE|account group_id:VALUE',
    )
    .action(async (what: string, identifier: string | undefined) => {
      if (what === 'catalogue') terminal.out(await api().catalogueText());
      else if (what === 'segments') json(await api().segments());
      else if (what === 'profile' && identifier !== undefined) json(await api().profile(identifier));
      else if (what === 'account' && identifier !== undefined) json(await api().account(identifier));
      else throw new CliError('get catalogue, get segments, get profile TYPE:VALUE, or get account group_id:VALUE');
    });
  addIdentityCommands(program, api, json);
  addErasureCommands(program, api, json);
  program
    .command('status')
    .description('show how far the logs are and which catalogue is in force')
    .option('--json', 'as JSON')
    .action(async (options: { json?: boolean }) => {
      const status = (await api().status()) as StatusAnswer;
      if (options.json === true) json(status);
      else for (const line of statusLines(status)) terminal.out(line);
    });
  const backfills = program
    .command('backfills')
    .description('show which definitions are computed from history, and how far each partition is')
    .option('--json', 'as JSON')
    .action(async (options: { json?: boolean }) => {
      const answer = (await api().backfills()) as BackfillsAnswer;
      if (options.json === true) json(answer);
      else for (const line of backfillLines(answer)) terminal.out(line);
    });
  for (const [order, what] of [
    ['pause', 'read no more history for a revision until it is resumed'],
    ['resume', 'go on with a revision that was paused'],
    ['cancel', 'leave the definitions of a revision as they were before, until a later revision'],
  ] as const) {
    backfills
      .command(`${order} <revision>`)
      .description(what)
      .action(async (revision: string) => json(await api().post(`backfills/${encodeURIComponent(revision)}/${order}`)));
  }
  addKeyCommands(program, api, json);
  addConsentCommands(program, { api, env, json });
  addDeliveryCommands(program, api, json);
  addIdentityQuarantineCommands(program, api, json);
  addSegmentCommands(program, api, { out: (line) => terminal.out(line), err: (line) => terminal.err(line) });
  addTriggerCommands(program, api, { out: (line) => terminal.out(line), json });
  return program;
}

function addCatalogueCommands(program: Command, api: () => ApiClient, terminal: Terminal): void {
  const show = (answer: PlanAnswer): Extract<PlanAnswer, { kind: 'planned' }> => {
    if (answer.kind === 'faulty') {
      throw new CliError(`The catalogue has faults:\n${faultLines(answer.faults).join('\n')}`);
    }
    for (const line of planLines(answer.plan)) terminal.out(line);
    return answer;
  };
  program
    .command('plan <file>')
    .description('show what a catalogue (YAML or JSON) would change')
    .action(async (file: string) => {
      const { plan, revision } = show(await api().plan(readFile(file), contentTypeOf(file)));
      terminal.out(
        plan.length === 0
          ? `Nothing would change; revision ${revision} is in force.`
          : `${plan.length} changes to revision ${revision}.`,
      );
    });
  program
    .command('apply <file>')
    .description('put a catalogue (YAML or JSON) in place of the one in force')
    .addOption(new Option('--revision <number>', 'only if this revision is in force').argParser(Number))
    .action(async (file: string, options: { revision?: number }) => {
      const text = readFile(file);
      const client = api();
      const planned = show(await client.plan(text, contentTypeOf(file)));
      if (options.revision !== undefined && options.revision !== planned.revision) {
        throw new CliError(`Revision ${planned.revision} is in force, not ${options.revision}.`);
      }
      if (planned.plan.length === 0) {
        terminal.out(`Nothing to change; revision ${planned.revision} is in force.`);
        return;
      }
      // What was shown is what is put: another's change in between is refused.
      const answer = await client.put(text, contentTypeOf(file), planned.revision);
      if (answer.kind === 'faulty') throw new CliError(faultLines(answer.faults).join('\n'));
      terminal.out(`Revision ${answer.revision} is in force.`);
    });
}

function addIdentityCommands(program: Command, api: () => ApiClient, json: (value: unknown) => void): void {
  program
    .command('resolve <identifier>')
    .description('print the profile that an identifier (TYPE:VALUE) belongs to')
    .action(async (identifier: string) => json(await api().resolved(identifier)));
  program
    .command('identifiers <identifier>')
    .description('list the identifiers of a profile, each with the profile it would belong to without any merge')
    .action(async (identifier: string) => json(await api().profileHistory('identifiers', identifier)));
  program
    .command('merges <identifier>')
    .description('list the merges that a profile is made of')
    .action(async (identifier: string) => json(await api().profileHistory('merges', identifier)));
  program
    .command('members <account>')
    .description('list the profiles that are members of an account (group_id:VALUE)')
    .option('--after <place>', 'the next of the page before')
    .action(async (account: string, options: { after?: string }) => {
      json(await api().accountMembers(account, options.after));
    });
}

function addKeyCommands(program: Command, api: () => ApiClient, json: (value: unknown) => void): void {
  const keys = program.command('keys').description('create, list and revoke API keys');
  keys
    .command('create <kind>')
    .description('create a key: write (with --source) or secret (with --role); its text is shown this once')
    .option('--source <name>', 'source of the events that a write key sends')
    .addOption(new Option('--role <role>', 'what a secret key may do').choices(['admin', 'read']))
    .option('--name <name>', 'what to call the key')
    .action(async (kind: string, options: { source?: string; role?: string; name?: string }) => {
      json(await api().createKey({ kind, ...options }));
    });
  keys
    .command('list')
    .description('list the keys of the workspace, without their texts')
    .action(async () => json(await api().keys()));
  keys
    .command('revoke <id>')
    .description('end a key for good')
    .action(async (id: string) => json(await api().revokeKey(id)));
}

function readFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new CliError(`${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

function contentTypeOf(file: string): string {
  return /\.json$/i.test(file) ? 'application/json' : 'application/yaml';
}
