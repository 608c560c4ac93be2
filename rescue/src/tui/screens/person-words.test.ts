/** What the engine says, as a person knows it: places by their disks, losses by their sizes, in their language. */
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { asIs, type Job, PermafrostError, say, stateFolder } from '../../engine/index.ts';
import { problems } from '../../../test/tui/problems.ts';
import { scenes } from '../../../test/tui/scenes.ts';
import { sampleDisk, samplePlan, sampleState } from '../../../test/tui/sample.ts';
import { diskKey, type FlowState } from '../flow/state.ts';
import { wordsOf } from '../words/words.ts';
import { homeView } from './home.ts';
import { limitBlocks } from './disk-words.ts';
import { lostBlocks } from './lost.ts';
import { planView } from './plan.ts';
import { placeView } from './place.ts';
import { regionWhere, reportWords } from './place-words.ts';
import { problemText, rawReason, rawRemedy } from './problem-words.ts';
import { otherSize } from './sources.ts';

const en = wordsOf('en');
const mount = join(stateFolder, 'places/x7/mount');
const report = join(mount, 'images/reports/20261128T1200-image-ab12.json');

test('a report on a disk is said by its disk and folder, whichever console opened it', () => {
  const listed = sampleDisk('/dev/sdb');
  const region = listed.regions[0]!;
  const device = listed.disk.partitions.find(({ number }) => number === region.partitions[0])?.path;
  assert.ok(device !== undefined);
  const mounted = {
    ...listed,
    uses: [{ kind: 'mounted', what: device, by: mount, message: asIs('') } as const],
  };
  const said = reportWords(sampleState({ disks: [mounted] }), report, en);
  assert.ok(said.startsWith('images/reports/20261128T1200-image-ab12.json in '), said);
  assert.ok(said.endsWith(regionWhere(listed, region, en)), said);

  const place: FlowState['place'] = {
    place: { id: '1', rule: { nfs: 'nas:/images', folder: '.' }, path: mount },
    label: 'nas:/images',
    disks: [],
    repositories: [],
  };
  const share = reportWords(sampleState({ place }), report, wordsOf('de'));
  assert.equal(share, 'images/reports/20261128T1200-image-ab12.json, auf: nas:/images');
  assert.equal(reportWords(sampleState(), '/mnt/r/reports/1.json', en), '/mnt/r/reports/1.json');
  // What is gone with the power must not be relied upon.
  assert.match(reportWords(sampleState(), join(stateFolder, 'reports/1.json'), en), /until .* switched off/);
});

test('what is lost is said with sizes for people, by the list only where that agrees with the plan', () => {
  const job: Job = { kind: 'restore', repository: '/r', image: 'latest', targets: [{ target: '/dev/sdb' }] };
  const plan = samplePlan(job);
  const disk = { ...plan.disks[0]!, destroys: ['partition 1: ext4 "IMAGES", 524288000 bytes'] };
  const said = (state: FlowState, language: 'en' | 'de', destroys = disk.destroys, of: Job = job): string[] =>
    lostBlocks({ ...disk, destroys }, { ...plan, job: of }, state, wordsOf(language)).flatMap((block) =>
      block.kind === 'text' ? [block.text] : [],
    );
  const [, line, ...more] = said(sampleState(), 'de');
  assert.match(line!, /^Partition 1: .*500 MiB$/);
  assert.deepEqual(more, []);
  // The list knows another number of things, the disk is not listed, or only a part of it is overwritten.
  const two = ['partition 1: ext4, 1 bytes', 'partition 2: ext4, 2 bytes'];
  assert.deepEqual(said(sampleState(), 'en', two).slice(1), two);
  const unlisted = sampleState({ disks: [] });
  assert.deepEqual(said(unlisted, 'en').slice(1), ['partition 1: ext4 "IMAGES", 500 MiB']);
  assert.deepEqual(said(unlisted, 'de').slice(1), ['Partition 1: ext4 „IMAGES“, 500 MiB']);
  assert.deepEqual(
    said(sampleState(), 'en', disk.destroys, { ...job, partitions: [1] }),
    said(unlisted, 'en'),
  );
  assert.deepEqual(said(sampleState(), 'en', []).slice(1), [en.plan.nothingThere]);
});

test('why a region is saved whole is said in the language of the screen', () => {
  const raw = {
    code: 'dirty',
    reason: 'it was not cleanly unmounted',
    remedy: say('raw-remedy/hibernated'),
  } as const;
  assert.deepEqual([rawReason(raw, en), rawRemedy(raw, en)], [raw.reason, raw.remedy]);
  const de = wordsOf('de');
  assert.notEqual(rawReason(raw, de), raw.reason);
  assert.notEqual(rawRemedy(raw, de), raw.remedy);
});

test('a stick that Permafrost mounted itself is named by what it is, not by where it is mounted', () => {
  const listed = sampleDisk('/dev/sdb');
  const device = listed.disk.partitions[0]!.path;
  const ruleWith = (by: string): unknown => {
    const disks = [{ ...listed, uses: [{ kind: 'mounted', what: device, by, message: asIs('') } as const] }];
    const { items } = placeView(sampleState({ flow: 'restore', disks }), en);
    const item = items.find(({ id }) => id.startsWith(diskKey(listed)))!;
    return item.kind === 'choice' && item.enter?.kind === 'open-place' && item.enter.rule;
  };
  assert.deepEqual(ruleWith('/mnt/usb'), { path: '/mnt/usb' });
  assert.deepEqual(ruleWith(mount), { uuid: listed.regions[0]!.fileSystem.uuid, folder: '.' });
});

test('what a disk hides or is about to lose is said in the language of the person, with sizes', () => {
  const limits = [
    { kind: 'failing' },
    { kind: 'hpa', hiddenBytes: 2 ** 30, wholeBytes: 2 ** 40 },
    { kind: 'read-only' },
  ] as const;
  const said = limitBlocks({ limits }, wordsOf('de'));
  assert.deepEqual(
    said.map((block) => block.kind === 'text' && block.tone),
    ['danger', 'warning', 'warning'],
  );
  const texts = said.map((block) => (block.kind === 'text' ? block.text : ''));
  assert.match(texts[0]!, /SMART.*jetzt sichern/);
  assert.match(texts[1]!, /1(,0+)? GiB von 1(,0+)? TiB/);
  assert.deepEqual(limitBlocks({}, en), []);
});

test('new identifiers are said in the language of the person, with what is mended and what stays', () => {
  const job: Job = { kind: 'clone', source: '/dev/sda', targets: ['/dev/sdb'], newIds: true };
  const plan = samplePlan(job);
  const newIds = {
    renewed: [{ what: 'disk', place: 'the disk', id: 'old-disk' }],
    mended: [{ place: 'partition 2', partition: 2, file: '/etc/fstab', ids: ['old-uuid'] }],
    kept: [{ what: 'file-system', place: 'partition 3', partition: 3, id: 'luks-id', reason: asIs('why') }],
    warnings: [],
  } as const;
  const state = sampleState({ flow: 'clone', plan: { ...plan, disks: [{ ...plan.disks[0]!, newIds }] } });
  const said = planView(state, wordsOf('de')).body.flatMap((block) =>
    block.kind === 'text' ? [block.text] : [],
  );
  assert.ok(said.includes('Neue Kennung: die Platte, bisher old-disk'), said.join('\n'));
  assert.ok(said.includes('Mit ihnen angepasst: das Dateisystem auf Partition 2: /etc/fstab'));
  assert.ok(said.includes('Keine neue Kennung: das Dateisystem auf Partition 3, luks-id: why'));
});

test('a disk that is a little too small says by how much: its size and what is needed read the same', () => {
  const [neededBytes, sizeBytes] = [1_000_204_886_016, 1_000_204_886_016 - 5 * 2 ** 20];
  const error = new PermafrostError('device/too-small', { device: '/dev/sdb', sizeBytes, neededBytes });
  assert.equal(
    problemText(error.toJSON(), en),
    '/dev/sdb is 5.0 MiB too small: it has 932 GiB, and 932 GiB are needed.',
  );
  assert.match(problemText(error.toJSON(), wordsOf('de')), /^\/dev\/sdb ist um 5,0 MiB zu klein: /);
  const { disk } = sampleDisk('/dev/sdb');
  const [block] = otherSize(
    { disk: { ...disk, sizeBytes } },
    { sizeBytes: neededBytes, sectorSize: disk.sectorSize },
    en,
  );
  assert.match(block?.kind === 'text' ? block.text : '', /^It is 5\.0 MiB smaller than the original/);
});

test('the sizes in an error are for people, in every language; places where bytes are stay numbers', () => {
  const placed = ['device/read-back-differs', 'image/chunk-unreadable'];
  for (const problem of problems.filter(({ code }) => !placed.includes(code)))
    for (const words of [en, wordsOf('de')])
      assert.doesNotMatch(problemText(problem, words), /\d{6}/, problem.code);
});

test('while the end of a job is still to be looked at, the start page says so, and not that it runs', () => {
  const ended = homeView(scenes['home when a job has ended']!, en).items.find(({ id }) => id === 'image');
  assert.match(ended?.reason ?? '', /has ended/);
  assert.equal(ended?.detail, undefined);
  const running = homeView(scenes['home while a job runs']!, en).items.find(({ id }) => id === 'image');
  assert.match(running?.reason ?? '', /runs/);
});
