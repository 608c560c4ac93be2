/** Where on a target a partition can go, as the page offers it. */
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { scenes } from '../../../test/tui/scenes.ts';
import type { FlowState } from '../flow/state.ts';
import { wordsOf } from '../words/words.ts';
import { sourcePartitions } from './layout-options.ts';
import { intoView } from './partitions.ts';

/** What the page says of putting `kind` into a place of the target that is smaller. */
function smallerPlace(
  kind: string,
  id = 'into1',
): { readonly offered: boolean; readonly reason: string | undefined } {
  const state = structuredClone(scenes['place of a partition']) as FlowState;
  const region = sourcePartitions(state).find(({ partitions }) => partitions[0] === state.placing)!;
  Object.assign(region.fileSystem!, { kind });
  const item = intoView(state, wordsOf('en')).items.find((one) => one.id === id);
  assert.equal(item?.kind, 'choice');
  return { offered: item.enter !== undefined, reason: item.reason };
}

test('a smaller partition is offered to what can get smaller, and grey with the sizes for what cannot', () => {
  assert.deepEqual(smallerPlace('ext4'), { offered: true, reason: undefined });
  assert.deepEqual(smallerPlace('fat32'), { offered: true, reason: undefined });
  const { offered, reason } = smallerPlace('xfs');
  assert.equal(offered, false);
  assert.match(reason ?? '', /^It is 50\.0 MiB too small: 100 MiB are needed\.$/);
});

test('so is a new one in free space that is smaller', () => {
  assert.deepEqual(smallerPlace('ext4', 'free'), { offered: true, reason: undefined });
  const { offered, reason } = smallerPlace('xfs', 'free');
  assert.equal(offered, false);
  assert.match(reason ?? '', /^The largest free space is 51\.0 MiB too small: 100 MiB are needed\.$/);
});

test('a partition of the target that another one goes to is grey, and says which', () => {
  const state = structuredClone(scenes['place of a partition']) as FlowState;
  const [region, other] = sourcePartitions(state).toSorted((a) =>
    a.partitions[0] === state.placing ? -1 : 1,
  );
  Object.assign(region!.fileSystem!, { kind: 'ext4' });
  const number = other!.partitions[0]!;
  const at = (into: FlowState['into']): ReturnType<typeof intoView>['items'][number] =>
    intoView({ ...state, leftOut: [], into }, wordsOf('en')).items.find(({ id }) => id === 'into1')!;
  const taken = at({ [number]: 1, [state.placing!]: 'free' });
  assert.equal(taken.reason, wordsOf('en').into.taken(number));
  assert.ok(taken.kind === 'choice' && taken.enter === undefined);
  assert.equal(at({ [number]: 'free', [state.placing!]: 'free' }).reason, undefined);
});
