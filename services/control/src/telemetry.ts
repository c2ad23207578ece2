/** Everything that control counts, by what happened. */
import { counter, histogram } from '@attrium/host';

const commits = counter({
  name: 'attrium_control_catalogue_commits_total',
  help: 'Puts of a catalogue, by how they ended.',
  labels: ['outcome'],
});
const viewLosses = counter({
  name: 'attrium_control_catalogue_view_lost_total',
  help: 'Copies of a catalogue that the bucket of views did not take; the log has the catalogue.',
});
const profiles = counter({
  name: 'attrium_control_profiles_total',
  help: 'Profiles asked for, by what the answer was.',
  labels: ['outcome'],
});
const profileSeconds = histogram({
  name: 'attrium_control_profile_seconds',
  help: 'From the question for a profile to its answer, all stages asked.',
});

const erasures = counter({
  name: 'attrium_control_erasures_total',
  help: 'Requests to erase a profile, by whether the log has them.',
  labels: ['outcome'],
});
const previews = counter({
  name: 'attrium_control_segment_previews_total',
  help: 'Previews of segments, by how they ended.',
  labels: ['outcome'],
});
const previewSeconds = histogram({
  name: 'attrium_control_segment_preview_seconds',
  help: 'What ClickHouse took for a preview of a segment.',
});

const imports = counter({
  name: 'attrium_control_list_imports_total',
  help: 'Imports into static lists, by how they ended.',
  labels: ['outcome'],
});
const importRows = counter({
  name: 'attrium_control_list_rows_total',
  help: 'Rows of imports into static lists: matched ones name somebody for the first time, others nobody or somebody again.',
  labels: ['outcome'],
});

export const telemetry = {
  catalogueCommitted: (outcome: 'committed' | 'faulty' | 'outdated' | 'unknown'): void => commits(1, { outcome }),
  catalogueViewLost: (): void => viewLosses(1),
  profileAnswered: (outcome: 'found' | 'nobody' | 'erased' | 'failed', ms: number): void => {
    profiles(1, { outcome });
    profileSeconds(ms / 1_000);
  },
  erasureRequested: (outcome: 'appended' | 'unknown'): void => erasures(1, { outcome }),
  segmentPreviewed: (outcome: 'counted' | 'faulty' | 'failed', ms: number): void => {
    previews(1, { outcome });
    if (outcome !== 'faulty') previewSeconds(ms / 1_000);
  },
  listImported: (outcome: 'finished' | 'broken_off'): void => imports(1, { outcome }),
  listRows: (matched: number, others: number): void => {
    importRows(matched, { outcome: 'matched' });
    importRows(others, { outcome: 'other' });
  },
};
export type Telemetry = typeof telemetry;
