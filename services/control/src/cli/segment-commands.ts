/** `attrium segments …` and `attrium memberships`: the history of memberships. */
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import type { ApiClient } from './api-client.js';
import { addListCommands } from './list-commands.js';

type Options = Record<string, string>;

export function addSegmentCommands(
  program: Command,
  api: () => ApiClient,
  { out, err }: { readonly out: (line: string) => void; readonly err: (line: string) => void },
): void {
  const json = (value: unknown): void => out(JSON.stringify(value, null, 2));
  program
    .command('memberships <identifier>')
    .description('show when a profile (TYPE:VALUE) was in which segments')
    .option('--segment <name>', 'of one segment')
    .option('--at <time>', 'only what it was in then, ISO 8601')
    .action(async (identifier: string, options: Options) =>
      json(await api().get(`profiles/${encodeURIComponent(identifier)}/memberships`, options)),
    );
  const segments = program
    .command('segments')
    .description('show how segments overlap, grow and change; import static ones');
  addListCommands(segments, api, { json, err });
  segments
    .command('overlap <segments...>')
    .description('count the profiles in every combination of 2 to 6 segments')
    .action(async (names: string[]) => json(await api().get('segments/overlap', { segments: names.join(',') })));
  segments
    .command('timeline <segments...>')
    .description('count the members of segments over time')
    .requiredOption('--from <time>', 'ISO 8601')
    .option('--to <time>', 'ISO 8601; now')
    .option('--step <duration>', 'between two counts (1d)')
    .action(async (names: string[], options: Options) =>
      json(await api().get('segments/timeline', { segments: names.join(','), ...options })),
    );
  segments
    .command('changes <segment>')
    .description('list who entered and left a segment, the latest first')
    .option('--after <token>', '`next` of the answer before')
    .option('--from <time>', 'only what was recorded since, ISO 8601')
    .option('--limit <number>', 'at most so many (100)')
    .action(async (name: string, options: Options) =>
      json(await api().get(`segments/${encodeURIComponent(name)}/changes`, options)),
    );
  segments
    .command('export <segment>')
    .description('write the members of a segment as CSV')
    .option('--attributes <names>', 'with values of these attributes, with commas between them')
    .option('--output <file>', 'into a file')
    .action(async (name: string, { output, ...options }: Options) => {
      const text = api().stream(`segments/${encodeURIComponent(name)}/members.csv`, options);
      if (output !== undefined) await pipeline(Readable.from(text), createWriteStream(output));
      else for await (const line of linesOf(text)) out(line);
    });
}

async function* linesOf(parts: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = '';
  for await (const part of parts) {
    const lines = (rest + part).split('\r\n');
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== '') yield rest;
}
