/** What a Debian architecture is called by npm and by Node's packages. Data. */

export interface Architecture {
  /** As `dpkg --print-architecture` says it. */
  readonly debian: 'amd64' | 'arm64';
  /** As npm's `--cpu` and `process.arch` say it. */
  readonly npm: 'x64' | 'arm64';
  /** Makes programs of this architecture smaller. */
  readonly strip: string;
}

export const architectures: readonly Architecture[] = [
  { debian: 'amd64', npm: 'x64', strip: 'x86_64-linux-gnu-strip' },
  { debian: 'arm64', npm: 'arm64', strip: 'aarch64-linux-gnu-strip' },
];

/** The architecture named, or this machine's. */
export function findArchitecture(word: string | undefined): Architecture {
  const found = architectures.find(({ debian, npm }) => (word === undefined ? npm === process.arch : debian === word));
  if (found === undefined)
    throw new Error(
      `unknown architecture ${word ?? process.arch}; known are ${architectures.map((a) => a.debian).join(', ')}`,
    );
  return found;
}
