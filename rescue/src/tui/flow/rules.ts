/** The place for images that was typed: a share or a folder, as the host takes it. */
import type { FoundServer } from '../../unattended/find-servers.ts';
import type { RepositoryRule } from '../../unattended/job-file.ts';
import { textOf } from './job.ts';
import type { FlowState } from './state.ts';

export type Share = 'nfs' | 'smb' | 'ssh' | 'path';

/** The rule of what was typed on the page of `share`; undefined while what is needed is missing. */
export function typedRule(state: FlowState, share: Share): RepositoryRule | undefined {
  const text = (field: Parameters<typeof textOf>[1]): string | undefined => textOf(state, field);
  const some = (name: string, value: string | undefined): Record<string, string> =>
    value === undefined ? {} : { [name]: value };
  const main = text(share);
  if (main === undefined) return undefined;
  const folder = { folder: '.' };
  switch (share) {
    case 'path':
      return { path: main };
    case 'nfs':
      return { nfs: main, ...folder, ...some('options', text('nfsOptions')) };
    case 'smb':
      if (!/^(\/\/|\\\\)[^/\\]+[/\\][^/\\]/.test(main)) return undefined;
      return {
        smb: main.replaceAll('\\', '/'),
        ...folder,
        ...some('username', text('smbUser')),
        ...some('password', text('smbPassword')),
        ...some('domain', text('smbDomain')),
      };
    case 'ssh':
      return {
        ssh: main,
        folder: text('sshFolder') ?? '.',
        ...some('password', text('sshPassword')),
        ...some('key-file', text('sshKeyFile')),
        ...some(
          'host-key',
          text('sshHostKey') ?? (state.flags.trustKey === true ? 'trust-on-first-use' : undefined),
        ),
      };
  }
}

/** What a server that was found is, in the field of its page: as far as it says so itself. */
export function serverText({ kind, address, port, path }: FoundServer): string {
  switch (kind) {
    case 'nfs':
      return `${address}:${path ?? '/'}`;
    case 'smb':
      return `//${address}/`;
    case 'ssh':
      return `root@${address}${port === 22 ? '' : `:${port}`}`;
  }
}
