/** `attrium segments import …`: static lists. */
import { createReadStream } from 'node:fs';
import type { Command } from 'commander';
import type { ApiClient } from './api-client.js';

interface Terminal {
  readonly json: (value: unknown) => void;
  readonly err: (line: string) => void;
}

interface Progress {
  readonly state: string;
  readonly rows: number;
  readonly unmatched: number;
}

const PROGRESS_MS = 2_000;

export function addListCommands(segments: Command, api: () => ApiClient, { json, err }: Terminal): void {
  segments
    .command('import <list> <file>')
    .description('import identifiers (CSV with a header) into a static list')
    .requiredOption('--mode <mode>', 'append; replace what was imported before; or remove')
    .action(async (list: string, file: string, { mode }: { mode: string }) => {
      const client = api();
      const path = pathOf(list);
      const progress = setInterval(() => {
        client.get(path).then(
          (answer) => err(textOf(Object.values(answer as Record<string, Progress | null>)[0])),
          () => undefined,
        );
      }, PROGRESS_MS);
      try {
        json(await client.upload(path, { mode }, createReadStream(file)));
      } finally {
        clearInterval(progress);
      }
    });
  segments
    .command('import-status <list>')
    .description('show the import into a static list that is under way, or the last one')
    .action(async (list: string) => json(await api().get(pathOf(list))));
}

function textOf(last: Progress | null | undefined): string {
  if (last === null || last === undefined) return 'nothing imported yet';
  return `${last.state}: ${last.rows} rows, ${last.unmatched} of them unmatched`;
}

const pathOf = (list: string): string => `segments/${encodeURIComponent(list)}/import`;
