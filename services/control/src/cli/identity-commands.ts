/** `attrium identity quarantine …`: identifiers by which merges are held, and what to do about them. */
import { type Command, Option } from 'commander';
import type { ApiClient } from './api-client.js';

export function addIdentityQuarantineCommands(
  program: Command,
  api: () => ApiClient,
  json: (value: unknown) => void,
): void {
  const quarantine = program
    .command('identity')
    .description('work with what identity holds back')
    .command('quarantine')
    .description('list identifiers by which merges are held, and decide about them');
  quarantine
    .command('list')
    .description('list identifiers by which merges are held, the first that was held first')
    .addOption(new Option('--status <status>', 'of this status (held)').choices(['held', 'released', 'refused']))
    .option('--after <place>', '`next` of the page before')
    .option('--limit <number>', 'at most so many (100)')
    .action(async (options: Record<string, string>) => json(await api().get('quarantine', options)));
  for (const [decision, what] of [
    ['release', 'merge what is held by an identifier (TYPE:VALUE), and hold nothing by it again'],
    ['refuse', 'leave an identifier (TYPE:VALUE) out of every event from now on'],
  ] as const) {
    quarantine
      .command(`${decision} <identifier>`)
      .description(what)
      .action(async (identifier: string) =>
        json(await api().post(`quarantine/${encodeURIComponent(identifier)}/${decision}`)),
      );
  }
}
