/** `attrium triggers …`: what a trigger would have done, and how far those for members of today are. */
import { existsSync, readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import type { ApiClient } from './api-client.js';

interface DryRunAnswer {
  readonly trigger: string;
  readonly revision: number;
  readonly from: string;
  readonly to: string;
  readonly fired: number;
  readonly condition: number;
  readonly frequency: number;
  readonly undecided: number;
  readonly days: readonly Readonly<
    Record<'fired' | 'condition' | 'frequency' | 'undecided', number> & { day: string }
  >[];
  readonly samples: readonly {
    readonly outcome: string;
    readonly profileId: string;
    readonly on: string;
    readonly at: string;
  }[];
  readonly caveats: readonly string[];
  readonly mergedProfiles: number;
}

const CAVEATS: Readonly<Record<string, string>> = {
  event_conditions: 'its condition asks for events: where that decides, the outcome is undecided',
  purpose: 'consent and quiet hours are not asked',
  waiting: 'delay and wait_for are not waited for: each firing counts when it would have begun to wait',
  paused: 'the trigger is paused: this is what it would have done if it were active',
  merges: 'profiles were merged: each counts for itself, and their frequencies were not joined',
};

export function addTriggerCommands(
  program: Command,
  api: () => ApiClient,
  { out, json }: { readonly out: (line: string) => void; readonly json: (value: unknown) => void },
): void {
  const triggers = program
    .command('triggers')
    .description('try triggers on history, follow those for members of today, and see who takes their firings');
  triggers
    .command('dry-run <what>')
    .description(
      'tell what a trigger would have done over the last days: a file (YAML or JSON) with its definition, or its name',
    )
    .addOption(new Option('--days <number>', 'how many days, at most 90').default('7'))
    .option('--sample <number>', 'samples of each outcome, at most 100 (10)')
    .option('--json', 'as JSON')
    .action(async (what: string, { json: asJson, ...queries }: { days: string; sample?: string; json?: boolean }) => {
      const answer = (await asked(api(), what, queries)) as DryRunAnswer;
      if (asJson === true) json(answer);
      else for (const line of dryRunLines(answer)) out(line);
    });
  triggers
    .command('sweeps')
    .description('list how far the triggers on those who are in a segment already have come')
    .action(async () => json(await api().get('triggers/sweeps')));
  triggers
    .command('subscribers')
    .description('list the named subscribers of firings, with what waits for each')
    .action(async () => json(await api().get('triggers/subscribers')));
  triggers
    .command('unsubscribe <trigger> <subscriber>')
    .description('forget a named subscriber and its position; its streams end')
    .action(async (trigger: string, subscriber: string) => {
      const names = [trigger, subscriber].map(encodeURIComponent);
      json(await api().delete(`triggers/${names[0]}/subscribers/${names[1]}`));
    });
}

function asked(api: ApiClient, what: string, queries: Readonly<Record<string, string>>): Promise<unknown> {
  const path = existsSync(what) ? 'triggers/dry-run' : `triggers/${encodeURIComponent(what)}/dry-run`;
  if (!existsSync(what)) return api.postText(path, queries);
  const contentType = /\.json$/i.test(what) ? 'application/json' : 'application/yaml';
  return api.postText(path, queries, { body: readFileSync(what, 'utf8'), contentType });
}

export function dryRunLines(answer: DryRunAnswer): string[] {
  const { trigger, revision, from, to, fired, condition, frequency, undecided, days, samples, caveats } = answer;
  const counts = (of: Pick<DryRunAnswer, 'fired' | 'condition' | 'frequency' | 'undecided'>): string =>
    `${of.fired} fired, ${of.condition} suppressed by condition, ${of.frequency} by frequency, ${of.undecided} undecided`;
  return [
    `${trigger}, from ${from} to ${to}, by revision ${revision}: ${counts({ fired, condition, frequency, undecided })}`,
    ...days.map((day) => `  ${day.day}  ${counts(day)}`),
    ...samples.map(({ outcome, profileId, on, at }) => `  ${outcome}: ${profileId} at ${at}, ${on}`),
    ...caveats.map((caveat) => `Note: ${CAVEATS[caveat] ?? caveat}.`),
  ];
}
