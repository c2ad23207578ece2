// `npm start`: installs and builds what is missing, then runs the launcher on the Node that the installation brings. Needs nothing but
// Node 20.19 and npm, so it is plain JavaScript without dependencies.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NODE_MIN = [20, 19];
const NPM_MIN = [10, 0];
/** The services need what Node 24 has; the installation brings it for Linux. */
const RUNTIME_MIN = [24, 0];

const root = fileURLToPath(new URL('../..', import.meta.url));
const bin = join(root, 'node_modules', '.bin');
const environment = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` };

function isAtLeast(version, [major, minor]) {
  const [a = 0, b = 0] = version.replace(/^v/, '').split('.').map(Number);
  return a > major || (a === major && b >= minor);
}

function stop(message) {
  console.error(message);
  process.exit(1);
}

function run(command, args, env = process.env) {
  const { status, signal, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', env });
  if (signal === 'SIGINT' || signal === 'SIGTERM') process.exit(130);
  if (error !== undefined) stop(`${command} could not be run: ${error.message}`);
  return status ?? 1;
}

function outputOf(command, args) {
  const { status, stdout } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

const lockFile = join(root, 'package-lock.json');
const stampFile = join(root, 'node_modules', '.attrium-installed');
const hashOfLock = () => createHash('sha256').update(readFileSync(lockFile)).digest('hex');

/** True when node_modules is not there, or is older than a lock file that is not the one it was installed from. */
function isInstallNeeded() {
  const installed = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installed) || !existsSync(join(bin, 'tsc'))) return true;
  if (statSync(lockFile).mtimeMs <= statSync(installed).mtimeMs) return false;
  return !existsSync(stampFile) || readFileSync(stampFile, 'utf8') !== hashOfLock();
}

function install() {
  const npm = outputOf('npm', ['--version']);
  if (npm === undefined) stop('Attrium needs npm, which was not found. It comes with Node: https://nodejs.org');
  if (!isAtLeast(npm, NPM_MIN))
    stop(`Attrium needs npm ${NPM_MIN.join('.')} or later; this is ${npm}. Try: npm install -g npm`);
  console.log('Installing dependencies (npm ci) …');
  if (run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']) !== 0) {
    stop('The dependencies could not be installed: see the lines above. `npm start` tries again.');
  }
  writeFileSync(stampFile, hashOfLock());
}

/** The Node that the installation brought, else this one. */
function runtime() {
  const own = join(bin, 'node');
  if (existsSync(own)) return own;
  if (isAtLeast(process.versions.node, RUNTIME_MIN)) return process.execPath;
  return stop(
    `The installation brings Node for Linux on x64 and arm64. Here it needs Node ${RUNTIME_MIN.join('.')} or later; this is ${process.versions.node}.`,
  );
}

if (!isAtLeast(process.versions.node, NODE_MIN)) {
  stop(`Attrium needs Node ${NODE_MIN.join('.')} or later; this is ${process.versions.node}. See https://nodejs.org`);
}
if (isInstallNeeded()) install();
if (run('tsc', ['-b'], environment) !== 0) stop('The build failed: see the lines above.');

// A process group of its own: Ctrl-C reaches it through this process only, and it ends its services in order. When this process dies,
// the closed channel tells it to.
const program = join(root, 'deploy/standalone/dist/main.js');
const launcher = spawn(runtime(), ['--max-semi-space-size=2', program, ...process.argv.slice(2)], {
  cwd: root,
  env: environment,
  stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  detached: true,
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => launcher.kill(signal));
launcher.on('error', (error) => stop(`The launcher could not be run: ${error.message}`));
launcher.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 1));
