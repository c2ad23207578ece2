/** The reference pages that are made from the source, as they should stand now. */
import { firingSchemaText } from '../../services/journey-trigger/src/deliveries/firing-schema.js';
import { metricsPage } from './metrics.js';
import { reducersPage } from './reducers.js';
import { settingsPage } from './settings.js';

export interface Reference {
  /** Relative to the root of the repository. */
  readonly path: string;
  readonly text: string;
}

export async function currentReferences(): Promise<Reference[]> {
  return [
    { path: 'docs/reference/settings.md', text: await settingsPage() },
    { path: 'docs/reference/firing.schema.json', text: firingSchemaText() },
    { path: 'docs/reference/metrics.md', text: metricsPage() },
    { path: 'docs/reference/reducers.md', text: reducersPage() },
  ];
}
