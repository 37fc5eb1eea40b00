/** The commands that bring what real kernels need to a Debian machine, by what is absent. */
import fs from 'node:fs';
import path from 'node:path';

/** What is absent; some are the names of packages. */
export type Wanted = 'qemu' | 'gcc' | (typeof PACKAGES)[number] | 'native' | 'kernel';

const PACKAGES = ['e2fsprogs', 'xfsprogs', 'xz-utils'] as const;
const BACKPORTS = 'bookworm-backports';
const PACKAGE_ROOT = path.join(__dirname, '..', '..', '..');

/** QEMU 10 came with Debian 13; Debian 12 has it in its backports. */
function hasQemu10(): boolean {
  const system = textOf('/etc/os-release');
  const [, version = '0'] = /^VERSION_ID="?(\d+)/m.exec(system) ?? [];
  return /^ID=debian$/m.test(system) && Number(version) >= 13;
}

const APT_SOURCES = ['/etc/apt/sources.list', '/etc/apt/sources.list.d'];

const NAMES_BACKPORTS = new RegExp(`^[^#\\n]*${BACKPORTS}`, 'm');

/** Named twice, in two ways, a source is an error for apt. */
function hasBackports(): boolean {
  return APT_SOURCES.flatMap(filesAt)
    .filter((file) => /\.(list|sources)$/.test(file))
    .some((file) => NAMES_BACKPORTS.test(textOf(file)));
}

function filesAt(place: string): string[] {
  try {
    return fs.readdirSync(place).map((name) => path.join(place, name));
  } catch {
    return [place];
  }
}

function textOf(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function buildCommand(): string {
  const root = path.relative('.', PACKAGE_ROOT);
  return root === '' ? 'npm run build:native' : `npm run --prefix "${root}" build:native`;
}

/** What QEMU 10 comes from: the system's own packages, or backports that it knows or has yet to know. */
export type QemuSource = 'own' | 'backports' | 'new backports';

const qemuSource = (): QemuSource =>
  hasQemu10() ? 'own' : hasBackports() ? 'backports' : 'new backports';

/** In the order in which they have to be given. */
export function debianCommands(wanted: readonly Wanted[], source = qemuSource()): string[] {
  const packages = [
    ...(wanted.includes('qemu') && source === 'own' ? ['qemu-system-x86'] : []),
    ...(wanted.includes('gcc') ? ['gcc', 'libc6-dev'] : []),
    ...PACKAGES.filter((name) => wanted.includes(name)),
  ];
  const commands: string[] = [];
  const install = 'sudo apt-get install --no-install-recommends';
  if (wanted.includes('qemu') && source === 'new backports') {
    commands.push(
      `echo 'deb http://deb.debian.org/debian ${BACKPORTS} main' | sudo tee /etc/apt/sources.list.d/backports.list`,
    );
  }
  if (wanted.some((name) => name !== 'native')) commands.push('sudo apt-get update');
  if (wanted.includes('qemu') && source !== 'own') {
    commands.push(`${install} -t ${BACKPORTS} qemu-system-x86`);
  }
  if (packages.length > 0) commands.push(`${install} ${packages.join(' ')}`);
  if (wanted.includes('native')) commands.push(buildCommand());
  if (wanted.includes('kernel')) {
    commands.push(
      `package=$(apt-cache depends linux-image-amd64 | sed -n 's/^ *Depends: //p')`,
      'apt-get download "$package" && dpkg -x "$package"_*.deb kernel',
    );
  }
  return commands;
}
