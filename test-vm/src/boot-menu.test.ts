/** Which entry of GRUB's menu has the mark. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chosenEntry, hasMoved, isAbove } from './boot-menu.ts';

test('an entry that is half drawn is no other one than when it is whole', () => {
  const half = chosenEntry([' GRUB', ' Permafrost', ' *Permafrost, sa'])!;
  const whole = chosenEntry([' GRUB', ' Permafrost', ' *Permafrost, safe graphics  '])!;
  assert.deepEqual(whole, { row: 2, text: 'Permafrost, safe graphics' });
  assert.equal(hasMoved(half, whole), false);
  assert.equal(hasMoved(whole, half), false);
  assert.equal(
    hasMoved(chosenEntry([' GRUB', '|*Permafrost |', ' Permafrost, safe graphics'])!, whole),
    true,
  );
  // A menu that is longer than the screen scrolls under the mark.
  assert.equal(hasMoved(whole, chosenEntry([' GRUB', ' Permafrost', ' *Power off'])!), true);
  assert.equal(chosenEntry([' GRUB', ' Permafrost']), undefined);
});

test('an entry that was passed is found again', () => {
  const rows = [
    ' GRUB',
    '| Permafrost |',
    '| Permafrost, safe graphics |',
    '|*Power off |',
    '| Memory test |',
  ];
  const chosen = chosenEntry(rows)!;
  assert.equal(isAbove(rows, 'Permafrost, safe', chosen), true);
  assert.equal(isAbove(rows, 'Memory', chosen), false);
  assert.equal(isAbove(rows, 'Power off', chosen), false);
});
