/** Signing with an owner's key: which key, whose certificate. What a signed kernel is good for, machines show. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { run } from './command.ts';
import { readCertificate, takeKeys } from './sign.ts';

void test('key and certificate are taken out of the arguments, and both must be there', () => {
  const { key, cert, others } = takeKeys(['--key', '/a.pem', '--base', 'buildroot', '--cert', '/b.pem']);
  assert.deepEqual([key, cert, others], ['/a.pem', '/b.pem', ['--base', 'buildroot']]);
  // As make calls it when nothing was given.
  assert.throws(() => takeKeys(['--key', '', '--cert', '']), /KEY=KEY\.pem CERT=CERT\.pem/);
  assert.throws(() => takeKeys(['--key', '/a.pem']), /CERT/);
});

void test("another key's certificate is refused before anything is signed", (t) => {
  const folder = mkdtempSync(join(process.env['PERMAFROST_SCRATCH'] ?? tmpdir(), 'permafrost-keys-'));
  t.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const make = (name: string): [string, string] => {
    const paths = [join(folder, `${name}.key`), join(folder, `${name}.pem`)] as [string, string];
    const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
    run('openssl', ['req', ...kind, '-subj', `/CN=${name}`, '-keyout', paths[0], '-out', paths[1]]);
    return paths;
  };
  const [key, cert] = make('one');
  const [, other] = make('two');
  assert.match(readCertificate(key, cert).subject, /CN=one/);
  assert.throws(() => readCertificate(key, other), /is not the certificate of/);
});
