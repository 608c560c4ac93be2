/** Where images are, in words and without what must stay secret. */
import { say, type Said } from '../engine/index.ts';
import type { RepositoryRule } from './job-file.ts';

/** For messages and people: `the folder images of the share //nas/backup`. Holds no password. */
export function describePlace(rule: RepositoryRule): Said {
  const within = (what: Said): Said =>
    'folder' in rule && rule.folder !== undefined && rule.folder !== '.'
      ? say('rule/within', { folder: rule.folder, other: what })
      : what;
  if ('path' in rule) return say('rule/path', { folder: rule.path });
  if ('label' in rule) return within(say('rule/label', { label: rule.label }));
  if ('uuid' in rule) return within(say('rule/uuid', { uuid: rule.uuid }));
  if ('nfs' in rule) return within(say('rule/nfs', { share: rule.nfs }));
  if ('smb' in rule) return within(say('rule/smb', { share: rule.smb }));
  return within(say('rule/ssh', { server: rule.ssh }));
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
