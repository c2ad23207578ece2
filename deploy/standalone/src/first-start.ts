/** What a data folder needs once: a size for its logs, then a workspace with its keys and the quickstart's catalogue, through control's REST. */
import { readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { hashOfKey, newKeyText } from '@attrium/host';
import { ControlClient } from './control-client.js';
import type { DataFolder, Installation } from './data-folder.js';
import { untilTriggerIsServed } from './line-probe.js';

const WORKSPACE = 'demo';
const SOURCE = 'quickstart';
const CATALOGUE_FILE = fileURLToPath(new URL('../../../examples/quickstart/catalogue.yaml', import.meta.url));
/** Of that catalogue: the last of its triggers that streams. */
const STREAMED_TRIGGER = 'plan_changed';
const LOG_BYTES_MAX = 20 * 1024 ** 3;
const DISK_SHARE = 0.5;

/** What the endpoints tell beside addresses. */
export interface Credentials {
  readonly workspace: string;
  readonly writeKey: string;
  readonly adminKey: string;
  readonly webhookSecret: string;
}

/** The installation of this folder; begun if there is none. `logBytesMax` of the settings wins when it is not 0. */
export async function openInstallation(folder: DataFolder, logBytesMax: number): Promise<Installation> {
  const kept = folder.installation();
  const installation: Installation = {
    bootstrapKey: newKeyText('secret'),
    ...kept,
    logBytesMax: logBytesMax > 0 ? logBytesMax : (kept?.logBytesMax ?? (await fittingLogBytes(folder.directory))),
  };
  folder.saveInstallation(installation);
  return installation;
}

/** Half of what is free at the first start, at most 20 GiB: nats-server refuses logs that the disk could not hold. */
async function fittingLogBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return Math.floor(Math.min(LOG_BYTES_MAX, bavail * bsize * DISK_SHARE));
}

/** Makes what is missing, and answers what there is then. Each key is kept as soon as it is made. */
export async function completeInstallation(
  folder: DataFolder,
  installation: Installation,
  services: { readonly controlUrl: string; readonly triggerAddress: string },
): Promise<Credentials> {
  const control = new ControlClient(services.controlUrl, installation.bootstrapKey);
  const webhookSecret = await control.createWorkspace(WORKSPACE);
  const known = await control.workingKeys(WORKSPACE);
  const isKnown = (kind: 'write' | 'secret', key: string | undefined): key is string =>
    key !== undefined &&
    known.some((id) => id.startsWith(`${kind}-`) && hashOfKey(key).startsWith(id.slice(kind.length + 1)));
  let { writeKey, adminKey } = installation;
  if (!isKnown('write', writeKey)) writeKey = await control.createKey(WORKSPACE, { kind: 'write', source: SOURCE });
  folder.saveInstallation({ ...installation, writeKey });
  if (!isKnown('secret', adminKey)) adminKey = await control.createKey(WORKSPACE, { kind: 'secret', role: 'admin' });
  folder.saveInstallation({ ...installation, writeKey, adminKey });
  if ((await control.catalogueRevision(WORKSPACE)) === 0) {
    await control.putCatalogue(WORKSPACE, readFileSync(CATALOGUE_FILE, 'utf8'));
    await untilTriggerIsServed(services.triggerAddress, {
      workspace: WORKSPACE,
      trigger: STREAMED_TRIGGER,
      key: adminKey,
    });
  }
  return { workspace: WORKSPACE, writeKey, adminKey, webhookSecret };
}
