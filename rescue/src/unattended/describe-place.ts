/** Where images are, in words and without what must stay secret. */
import type { RepositoryRule } from './job-file.ts';

/** For messages and people: `the folder images of the share //nas/backup`. Holds no password. */
export function describePlace(rule: RepositoryRule): string {
  const within = (what: string): string =>
    'folder' in rule && rule.folder !== undefined && rule.folder !== '.'
      ? `the folder ${rule.folder} of ${what}`
      : what;
  if ('path' in rule) return `the folder ${rule.path}`;
  if ('label' in rule) return within(`the file system with label ${rule.label}`);
  if ('uuid' in rule) return within(`the file system with UUID ${rule.uuid}`);
  if ('nfs' in rule) return within(`the share ${rule.nfs} (NFS)`);
  if ('smb' in rule) return within(`the share ${rule.smb} (SMB)`);
  return within(`${rule.ssh} (SSH)`);
}

/** The same rule with what is secret in it replaced: for logs, events and screens. */
export function maskPlace(rule: RepositoryRule): RepositoryRule {
  const masked: Record<string, unknown> = { ...rule };
  for (const key of secretKeys) if (masked[key] !== undefined) masked[key] = '***';
  return masked as RepositoryRule;
}

/** `text` without any secret of `rule` that may have got into it. */
export function withoutSecrets(text: string, rule: RepositoryRule): string {
  const fields: Record<string, unknown> = { ...rule };
  const secrets = secretKeys.map((key) => fields[key]).filter((value) => typeof value === 'string');
  return secrets.reduce((clean, secret) => (secret === '' ? clean : clean.replaceAll(secret, '***')), text);
}

const secretKeys = ['password', 'key'] as const;
