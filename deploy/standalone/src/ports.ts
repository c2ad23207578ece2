/** Chooses the ports before anything is started, so that a taken one is told with its setting, and all of them at once. */
import { createServer, type Server } from 'node:net';
import { describeSettings } from '@attrium/host';
import { StandaloneError } from './errors.js';
import { PORT_KEYS, type PortKey, type StandaloneSettings, standaloneSettings, wantedPort } from './settings.js';

export type Ports = Readonly<Record<PortKey, number>>;

const HOST = '127.0.0.1';

/** A port for everything that listens; those that are not needed are left out. Throws ATR-START-002 naming every taken port. */
export async function choosePorts(
  settings: StandaloneSettings,
  options: { without?: readonly PortKey[] } = {},
): Promise<Ports> {
  const names = new Map(
    describeSettings(standaloneSettings).map(({ key, env, description }) => [key, { env, description }]),
  );
  const keys = PORT_KEYS.filter((key) => options.without?.includes(key) !== true);
  const ports = {} as Record<PortKey, number>;
  const taken: string[] = [];
  const held: Server[] = [];
  for (const key of keys) {
    const wanted = wantedPort(settings, key);
    const name = names.get(key);
    try {
      // All are held until all are chosen, so that no free one is chosen twice and two equal settings are noticed.
      const server = await hold(wanted);
      held.push(server);
      ports[key] = (server.address() as { port: number }).port;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? String(error);
      const fault = code === 'EADDRINUSE' ? 'is taken' : `cannot be used (${code})`;
      const what = name?.description.replace(/^Port of /, '').replace(/; 0 takes.*$/, '');
      taken.push(`  port ${wanted} ${fault}: it is for ${what}. Choose another by ${name?.env}=<port>.`);
    }
  }
  await Promise.all(held.map((server) => new Promise((done) => server.close(done))));
  if (taken.length > 0) throw new StandaloneError('ATR-START-002', takenText(taken));
  return ports;
}

function takenText(taken: readonly string[]): string {
  const advice =
    taken.length > 1
      ? [
          'If another Attrium runs here, stop it (npm run stop), or move this one: ATTRIUM_PORT_BASE=<first port> npm start.',
        ]
      : [];
  return [`Attrium cannot listen:`, ...taken, ...advice].join('\n');
}

function hold(port: number): Promise<Server> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(port, HOST, () => resolve(server));
  });
}
