import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { FOLDERS } from './format.ts';
import { acquireLock, LockObserver, type ObserverOptions } from './lock.ts';
import { findAbandoned } from './salvage.ts';
import { encodeSealed, parseSealed } from './sealed-json.ts';
import { Store } from './store.ts';

const MINUTES = 60_000;

async function makeStore(t: TestContext): Promise<Store> {
  const folder = await mkdtemp(join(tmpdir(), 'permafrost-locks-'));
  t.after(() => rm(folder, { recursive: true }));
  const store = new Store(folder);
  for (const name of Object.values(FOLDERS)) await store.ensureFolder(name);
  return store;
}

/** A lock as a run leaves it that a power cut ended: its boot is another one. */
async function leftLock(
  t: TestContext,
  store: Store,
  machine: string | undefined,
  place: { bootId?: string; pidNamespace?: string } = { bootId: 'another' },
): Promise<string> {
  const lock = await acquireLock(store, machine ?? 'none');
  const path = store.path(FOLDERS.locks, `${lock.nonce}.json`);
  const bytes = await store.read(FOLDERS.locks, `${lock.nonce}.json`);
  const { machine: name, ...fields } = parseSealed(bytes!, 'lock');
  const left = { ...fields, ...place, ...(machine === undefined ? {} : { machine: name }) };
  await writeFile(path, encodeSealed(left));
  // Ends its refreshes.
  t.after(() => lock.release());
  return lock.nonce;
}

const at = (machine: string | undefined, isOnOwnDisk: boolean): ObserverOptions => ({
  machine: () => Promise.resolve(machine),
  isOnOwnDisk: () => Promise.resolve(isOnOwnDisk),
});

test('what a power cut left on a disk of this machine is nobody’s, at once', async (t) => {
  const store = await makeStore(t);
  const nonce = await leftLock(t, store, 'this');
  await writeFile(store.path(FOLDERS.packs, `${nonce}-pack.partial`), 'x');
  const abandoned = await findAbandoned(store, new LockObserver(store, at('this', true)), '0'.repeat(16));
  assert.deepEqual(abandoned, [{ nonce, packs: [`${nonce}-pack.partial`], others: [] }]);
});

test('the lock of another machine, on a share, or of nobody knows whom, is watched for 15 minutes', async (t) => {
  const store = await makeStore(t);
  const ways = [
    [await leftLock(t, store, 'other'), at('this', true)],
    [await leftLock(t, store, 'this'), at('this', false)],
    [await leftLock(t, store, undefined), at(undefined, true)],
    [await leftLock(t, store, 'this'), at(undefined, true)],
    [await leftLock(t, store, 'this', { pidNamespace: 'another' }), at('this', true)],
  ] as const;
  for (const [nonce, options] of ways) {
    let now = 0;
    const observer = new LockObserver(store, { ...options, nowMs: () => now });
    const states = [];
    for (const minutes of [0, 14, 15]) {
      now = minutes * MINUTES;
      states.push(await observer.state(nonce));
    }
    assert.deepEqual(states, ['unknown', 'unknown', 'dead']);
  }
});

test('a run of this boot is seen itself, whatever its machine is called', async (t) => {
  const store = await makeStore(t);
  const lock = await acquireLock(store, 'this');
  for (const options of [at('this', true), at('other', false)])
    assert.equal(await new LockObserver(store, options).state(lock.nonce), 'alive');
  await lock.release();
  assert.equal(await new LockObserver(store, at('this', true)).state(lock.nonce), 'dead');
});
