/** `attrium profiles …`: erasing a profile, and what has become of it. */
import type { Command } from 'commander';
import type { ApiClient } from './api-client.js';
import { CliError } from './cli-error.js';

export function addErasureCommands(program: Command, api: () => ApiClient, json: (value: unknown) => void): void {
  const profiles = program.command('profiles').description('erase profiles');
  profiles
    .command('erase <identifier>')
    .description('erase the profile that an identifier (TYPE:VALUE, also profile_id:ID) belongs to, for good')
    .option('--yes', 'really')
    .option('--request-id <id>', 'of a request that had no clear answer: it is made once')
    .action(async (identifier: string, options: { yes?: boolean; requestId?: string }) => {
      if (options.yes !== true) throw new CliError('This cannot be undone: say --yes.');
      json(await api().eraseProfile(identifier, options.requestId));
    });
  profiles
    .command('erasure <requestId>')
    .description('show how far a request to erase has come')
    .action(async (requestId: string) => json(await api().get(`erasures/${encodeURIComponent(requestId)}`)));
}
