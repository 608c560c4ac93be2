import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kernelTrouble, stalls } from './kernel-messages.ts';

const good = `[    0.000000] Linux version 6.12.107+deb13-amd64
[    0.1] Warning: unusual but harmless
[    1.2] sd 0:0:0:0: [sda] Attached SCSI disk
permafrost: ready uptime=1.0`;

test('an ordinary boot is no trouble', () => {
  assert.deepEqual(kernelTrouble(good), []);
});

for (const line of [
  'BUG: kernel NULL pointer dereference, address: 0000000000000008',
  'Oops: 0002 [#1] PREEMPT SMP',
  'WARNING: CPU: 0 PID: 1 at fs/inode.c:1 drop_nlink',
  'INFO: task node:77 blocked for more than 120 seconds.',
  'watchdog: BUG: soft lockup - CPU#1 stuck for 26s!',
  'rcu: INFO: rcu_preempt detected stalls on CPUs/tasks',
  'Out of memory: Killed process 99 (permafrost)',
  'blk_update_request: I/O error, dev sda, sector 8 op 0x0',
  'EXT4-fs error (device sda1): ext4_find_entry',
  'Kernel panic - not syncing: Attempted to kill init!',
]) {
  test(`trouble: ${line}`, () => {
    assert.deepEqual(kernelTrouble(`${good}\n[  9.9] ${line}\r\n`), [`[  9.9] ${line}`]);
  });
}

test('what was asked for is no trouble, what comes with it is', () => {
  const log = 'I/O error, dev sda, sector 8\nI/O error, dev sdb, sector 8';
  assert.deepEqual(kernelTrouble(log, [/dev sda,/]), ['I/O error, dev sdb, sector 8']);
});

test('of a busy host only the stalls are forgiven', () => {
  const log = [
    'watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [swapper/0:1]',
    'Call Trace:',
    'rcu: INFO: rcu_preempt self-detected stall on CPU',
    'BUG: kernel NULL pointer dereference, address: 0',
  ];
  assert.equal(kernelTrouble(log.join('\n')).length, 4);
  assert.deepEqual(kernelTrouble(log.join('\n'), stalls), [log[3]]);
});
