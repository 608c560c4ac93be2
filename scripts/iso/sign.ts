/**
 * `make sign KEY= CERT=`: signs what nobody has signed, the kernel that was built from source and the memory test, with
 * a key of the owner's, and puts the ISO together anew. shim, which is Microsoft-signed, and Debian's GRUB stay as they
 * are: they start what is signed with an enrolled owner's key (MOK). The certificate is on the EFI partition.
 * Usage: node scripts/iso/sign.ts --key KEY.pem --cert CERT.pem [--base buildroot] [--work DIR] [--output ISO]
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { join, resolve } from 'node:path';
import { CommandFailed, run, runStep, say } from './command.ts';
import { readTaken } from './fetch.ts';
import { kernelFolder, readFolders, type Folders } from './folders.ts';
import { sourceDateEpoch } from './lock-file.ts';
import { buildMedium, type OwnerSigned } from './medium.ts';
import { kernelRelease } from './modules.ts';

/** Takes `--key` and `--cert` out of the arguments; the others are those of every step. */
export function takeKeys(args: readonly string[]): { key: string; cert: string; others: string[] } {
  const others = [...args];
  const take = (name: string): string => {
    const at = others.indexOf(name);
    const value = at < 0 ? '' : (others.splice(at, 2)[1] ?? '');
    if (value === '')
      throw new Error('make sign KEY=KEY.pem CERT=CERT.pem: the key to sign with, and its certificate');
    return resolve(value);
  };
  return { key: take('--key'), cert: take('--cert'), others };
}

/** The certificate in the file `cert`; an Error if it is not that of the key in the file `key`. */
export function readCertificate(key: string, cert: string): X509Certificate {
  const certificate = new X509Certificate(readFileSync(cert));
  if (!certificate.checkPrivateKey(createPrivateKey(readFileSync(key)))) {
    throw new Error(`${cert} is not the certificate of ${key}`);
  }
  return certificate;
}

function signOne(from: string, to: string, key: string, cert: string, epoch: number): void {
  rmSync(to, { force: true });
  const args = [
    'sign',
    '-h',
    'sha256',
    '-time',
    String(epoch),
    '-key',
    key,
    '-certs',
    cert,
    '-in',
    from,
    '-out',
    to,
  ];
  try {
    run('osslsigncode', args);
  } catch (error) {
    if (error instanceof CommandFailed) throw error;
    throw new Error("signing needs Debian's package osslsigncode", { cause: error });
  }
}

/** Signs into WORK/signed; what to put the medium together with. */
function sign(folders: Folders, key: string, cert: string): OwnerSigned {
  const certificate = readCertificate(key, cert);
  const folder = join(folders.work, 'signed');
  mkdirSync(folder, { recursive: true });
  const signed = {
    kernel: join(folder, 'vmlinuz'),
    memoryTest: join(folder, 'memtest.efi'),
    certificate: join(folder, 'owner.der'),
  };
  const epoch = sourceDateEpoch(readTaken(folders));
  const kernel = join(kernelFolder(folders), `boot/vmlinuz-${kernelRelease(folders)}`);
  signOne(kernel, signed.kernel, key, cert, epoch);
  signOne(join(folders.work, 'boot/boot/memtest86+x64.efi'), signed.memoryTest, key, cert, epoch);
  writeFileSync(signed.certificate, certificate.raw);
  say(
    `signed by ${certificate.subject.replaceAll('\n', ', ')}; enrol owner.der of the EFI partition with MokManager`,
  );
  return signed;
}

if (import.meta.main) {
  runStep(() => {
    const { key, cert, others } = takeKeys(process.argv.slice(2));
    const folders = readFolders(others);
    if (!existsSync(join(folders.work, 'packages.json')) || !existsSync(kernelFolder(folders))) {
      throw new Error(`there is nothing to sign: \`make iso BASE=${folders.base}\` comes first`);
    }
    buildMedium(folders, sign(folders, key, cert));
  });
}
