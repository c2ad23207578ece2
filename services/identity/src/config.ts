/** The settings of identity. */
import { parseRetention } from '@attrium/clickhouse';
import { setting, stageSettings } from '@attrium/host/stage';
import { z } from 'zod';

export const identitySettings = stageSettings.extend({
  eventsRetention: setting(
    z
      .string()
      .refine(
        (text) => parseRetention(text) !== undefined,
        'is no period of a day or more (400d), nor forever, nor either with workspaces that differ (400d,shop=30d,archive=forever)',
      )
      .default('forever'),
    {
      description:
        'How long the table of events in ClickHouse keeps them, by when they were received: forever, or a period of at least 1d, and for workspaces that differ their own: 400d,shop=30d,archive=forever. A definition that is computed from history then has no older one.',
    },
  ),
});
