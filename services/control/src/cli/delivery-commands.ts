/** `attrium deliveries …` and `attrium firings …`: what became of firings, and what can be done about it. */
import type { Command } from 'commander';
import type { ApiClient } from './api-client.js';
import { CliError } from './cli-error.js';

export function addDeliveryCommands(program: Command, api: () => ApiClient, json: (value: unknown) => void): void {
  const deliveries = program.command('deliveries').description('show, replay and discard deliveries to webhooks');
  deliveries
    .command('destinations')
    .description('list the webhooks of the catalogue, with what waits for each')
    .action(async () => json(await api().get('destinations')));
  deliveries
    .command('enable <destination>')
    .description('deliver again to a destination that answered 410')
    .action(async (name: string) => json(await api().post(`destinations/${encodeURIComponent(name)}/enable`)));
  deliveries
    .command('list')
    .description('list the deliveries that were given up, the oldest first')
    .option('--destination <name>', 'of one destination only')
    .option('--after <position>', 'behind this position')
    .option('--limit <number>', 'at most so many (500)')
    .action(async (options: Record<string, string>) => json(await api().get('deliveries/undelivered', options)));
  for (const action of ['replay', 'discard'] as const) {
    deliveries
      .command(`${action} <positions...>`)
      .description(action === 'replay' ? 'send some of them again' : 'take some of them off the list')
      .action(async (positions: string[]) =>
        json(await api().post(`deliveries/undelivered/${action}`, { positions: positions.map(positionOf) })),
      );
  }
  deliveries
    .command('replay-range <destination>')
    .description('send the firings of a time range to one destination again')
    .requiredOption('--from <time>', 'ISO 8601, inclusive')
    .requiredOption('--to <time>', 'ISO 8601, exclusive')
    .option('--id <id>', 'of the replay; the same id sends nothing twice within an hour')
    .action(async (name: string, options: { from: string; to: string; id?: string }) => {
      const { from, to, id } = options;
      const body = { from, to, ...(id === undefined ? {} : { replayId: id }) };
      json(await api().post(`destinations/${encodeURIComponent(name)}/replay`, body));
    });
  deliveries
    .command('attempts')
    .description('list attempts of a firing or a destination, the latest first')
    .option('--firing <id>', 'of one firing')
    .option('--destination <name>', 'of one destination')
    .option('--limit <number>', 'at most so many (500)')
    .action(async (options: Record<string, string>) => json(await api().get('deliveries/attempts', options)));
  program
    .command('test <trigger> <identifier>')
    .description('send a marked firing for one profile (TYPE:VALUE) to the webhooks of a trigger')
    .action(async (trigger: string, identifier: string) => json(await api().testTrigger(trigger, identifier)));
  addFiringCommands(program, api, json);
}

function addFiringCommands(program: Command, api: () => ApiClient, json: (value: unknown) => void): void {
  const firings = program.command('firings').description('show past firings, suppressed ones too');
  firings
    .command('list')
    .description('list past firings, the latest first')
    .option('--trigger <name>', 'of one trigger')
    .option('--profile <id>', 'of one profile')
    .option('--outcome <outcome>', 'fired or suppressed')
    .option('--page <page>', '`nextPage` of the answer before')
    .option('--limit <number>', 'at most so many (500)')
    .action(async (options: Record<string, string>) => json(await api().get('firings', options)));
  firings
    .command('explain <id>')
    .description('show one firing with its attempts, and why it fired or did not')
    .action(async (id: string) => json(await api().get(`firings/${encodeURIComponent(id)}`)));
}

function positionOf(text: string): number {
  if (/^[1-9]\d{0,15}$/.test(text)) return Number(text);
  throw new CliError(`${text} is no position: take it from \`attrium deliveries list\`.`);
}
