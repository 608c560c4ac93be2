/** The form in which a job file, and the screen, say where images are. */
// As a namespace, so that the bundle leaves out its forty languages.
import * as z from 'zod';

const text = z
  .string()
  .min(1)
  .max(4096)
  .refine((value) => !value.includes('\0'), { message: 'may hold no NUL' });
/** A folder below what is mounted; checked again when it is used. */
const folder = text.default('permafrost');
/** Part of a command line of `mount`: words that mean nothing else there. */
const options = z
  .string()
  .max(1024)
  .regex(/^[a-z][a-z0-9_]*(=[A-Za-z0-9._:-]+)?(,[a-z][a-z0-9_]*(=[A-Za-z0-9._:-]+)?)*$/)
  .refine((value) => !/(^|,)(pass\w*|cred\w*|soft\w*|remount|bind|exec|suid|dev)(=|,|$)/.test(value), {
    message: 'may not hold passwords, soft, remount, bind, exec, suid or dev',
  });
const host = String.raw`(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9][A-Za-z0-9._-]*)`;
/** What goes into files of one line each. */
const line = z
  .string()
  .max(512)
  .regex(/^[^\r\n\0]*$/);

function hasGoodPort(ssh: string): boolean {
  const [, port] = /:([0-9]+)$/.exec(ssh.replace(/\[.*\]/, '')) ?? [];
  return port === undefined || (Number(port) >= 1 && Number(port) <= 65_535);
}

export const placeSchema = z
  .union([
    z.strictObject({ path: text }).describe('a folder of this system'),
    z
      .strictObject({ label: text, folder })
      .describe('a folder of the file system with this label, on any disk'),
    z
      .strictObject({ uuid: text, folder })
      .describe('a folder of the file system with this UUID, on any disk'),
    z
      .strictObject({
        nfs: text.regex(new RegExp(String.raw`^${host}:/[^\r\n\0]*$`)).describe('host:/export'),
        folder: text.optional(),
        options: options.optional().describe('further options of mount, such as vers=3'),
      })
      .describe('an NFS share, mounted hard'),
    z
      .strictObject({
        smb: text.regex(new RegExp(String.raw`^//${host}/[^/\r\n\0]+$`)).describe('//host/share'),
        folder: text.optional(),
        username: line.min(1).optional().describe('as a guest if left out'),
        password: line.optional(),
        domain: line.optional(),
        'credentials-file': text
          .regex(/^\/[^,\r\n\0]*$/)
          .optional()
          .describe('a file with the lines username=, password= and domain=, in place of these'),
        options: options.optional().describe('further options of mount, such as seal or vers=2.1'),
      })
      .describe('an SMB share, mounted hard'),
    z
      .strictObject({
        ssh: text
          .regex(new RegExp(String.raw`^([A-Za-z0-9_][A-Za-z0-9._-]*@)?${host}(:[0-9]{1,5})?$`))
          .refine(hasGoodPort, { message: 'has a port that is not from 1 to 65535' })
          .describe('user@host or user@host:port'),
        folder: text.regex(/^[^\r\n\0]+$/).describe('absolute, or in the home of the user there'),
        key: z.string().min(1).max(32768).optional().describe('a private key, as its file has it'),
        'key-file': text.regex(/^\/[^\r\n\0"]*$/).optional(),
        password: line.optional(),
        'host-key': line
          .regex(/^(trust-on-first-use|SHA256:[A-Za-z0-9+/]{43}=?|[^#].* [A-Za-z0-9+/]+=*( .*)?)$/)
          .optional()
          .describe(
            'SHA256:… (the fingerprint), the key as a line of known_hosts or of a .pub file, or trust-on-first-use; the known_hosts of this system if left out',
          ),
      })
      .describe('a folder of a machine that is reached over SSH'),
  ])
  .describe('where the images are');

export type RepositoryRule = z.infer<typeof placeSchema>;
export type NfsRule = Extract<RepositoryRule, { nfs: string }>;
export type SmbRule = Extract<RepositoryRule, { smb: string }>;
export type SshRule = Extract<RepositoryRule, { ssh: string }>;
/** A place that is a file system of a disk of this machine. */
export type DiskPlaceRule = Extract<RepositoryRule, { label: string } | { uuid: string }>;
export type SharePlaceRule = NfsRule | SmbRule | SshRule;
