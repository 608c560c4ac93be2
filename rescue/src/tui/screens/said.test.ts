/** What the engine says is said in the language of the screen: plans, reports, checks of booting, disks, progress. */
import { test } from 'node:test';
import assert from 'node:assert/strict';
import {
  asIs,
  type BootFinding,
  type Gap,
  PermafrostError,
  type Plan,
  type RawReason,
  type RemarkCode,
  remarkTemplates,
  type Report,
  say,
  type Said,
  type UsedMap,
} from '../../engine/index.ts';
import { problems } from '../../../test/tui/problems.ts';
import { sampleDisk, samplePlan, sampleState } from '../../../test/tui/sample.ts';
import { diskKey } from '../flow/state.ts';
import type { View } from '../view.ts';
import { wordsOf } from '../words/words.ts';
import { bootBlocks } from './boot-report.ts';
import { diskView } from './disk.ts';
import { planView } from './plan.ts';
import { problemText, said } from './problem-words.ts';

const [en, de] = [wordsOf('en'), wordsOf('de')];
const codes = Object.keys(remarkTemplates) as RemarkCode[];
const namesOf = (template: string): string[] =>
  [...new Set([...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!))].sort();
/** The engine's words with numbers for all values. */
const english = (code: RemarkCode): Said =>
  asIs(
    remarkTemplates[code].replace(/\{(\w+)\}/g, (_, name: string) =>
      ['doubt', 'remark'].includes(name) ? remarkTemplates['doubt/gpt-differs'] : '4096',
    ),
  );
/** Without words that any language has. */
const isWorded = (code: RemarkCode): boolean =>
  /[a-z]{3}/.test(remarkTemplates[code].replace(/\{\w+\}/g, ''));

test('every remark has words in every language, and none that stand for nothing', () => {
  for (const code of codes) {
    const known = namesOf(remarkTemplates[code]);
    for (const words of [en, de])
      for (const name of namesOf(words.remarks[code])) assert.ok(known.includes(name), `${code}: ${name}`);
    if (!isWorded(code)) continue;
    assert.notEqual(said(english(code), de), english(code), code);
    assert.doesNotMatch(said(english(code), de), / (?:the|is|are|not|which|of|on) /, code);
  }
});

const textsOf = (view: Pick<View, 'body'>): string =>
  view.body.flatMap((block) => (block.kind === 'text' ? [block.text] : [])).join('\n');
/** Sentences that are recorded as they are here, as notes of every kind. */
const notes = codes.filter((code) => remarkTemplates[code].endsWith('.')).map(english);

test('a plan and a disk in German have nothing left of what is recorded in English', () => {
  const plan = samplePlan({ kind: 'image', sources: ['/dev/sdb'], repository: '/r' });
  const disk = plan.disks[0]!;
  const region = { ...disk.regions[0]!, warnings: notes.slice(0, 5) };
  const disks = [{ ...disk, regions: [region], warnings: notes.slice(5, 10) }];
  const state = sampleState({ flow: 'image', plan: { ...plan, disks, warnings: notes } });
  const shown = textsOf(planView(state, de));
  for (const note of notes) {
    assert.ok(!shown.includes(note), note);
    assert.ok(shown.includes(said(note, de)), note);
  }
  const listed = sampleDisk('/dev/sdb');
  const looked = { lookedAt: diskKey(listed), inspected: { [diskKey(listed)]: disks[0]! } };
  const disk1 = textsOf(diskView(sampleState(looked), de));
  for (const note of notes.slice(0, 10)) assert.ok(disk1.includes(said(note, de)) && !disk1.includes(note));
});

test('a check of booting says places, findings, remedies and notes in German', () => {
  const place = 'partition 2, subvolume @';
  const finding: BootFinding = {
    level: 'problem',
    text: english('bios/grub-seeks-missing'),
    remedy: english('remedy/grub-install'),
  };
  const answer = { answer: 'no', findings: [finding] } as const;
  const system = { name: 'Debian', kind: 'linux', place, starts: 'no', uefi: answer, bios: answer } as const;
  const check = {
    machine: 'uefi',
    uefi: answer,
    bios: answer,
    notes: [english('unread/encrypted')],
  } as const;
  const report = {
    job: { kind: 'bootcheck', target: '/dev/sdb' },
    boot: [
      {
        number: 1,
        identity: samplePlan({ kind: 'bootcheck', target: '/dev/sdb' }).disks[0]!.identity,
        check: { ...check, systems: [{ ...system, findings: [finding] }] },
      },
    ],
  } as unknown as Report;
  const shown = textsOf({ body: bootBlocks(report, de) });
  for (const text of [place, finding.text, finding.remedy!, ...check.notes])
    assert.ok(!shown.includes(text), shown);
  assert.match(shown, /Partition 2, Subvolume @/);
  assert.match(shown, /GRUB sucht das Dateisystem 4096; auf dieser Platte ist es nicht\./);
  assert.match(shown, /führen Sie grub-install für diese Platte aus\./);
});

test('sizes are said as people say them, and what is wrong within an error too', () => {
  const note = 'partition 2: What is in partition 3 keeps the size that it had, 1048576 of 2097152 bytes.';
  assert.equal(
    said(note, en),
    'partition 2: What is in partition 3 keeps the size that it had, 1.0 MiB of 2.0 MiB.',
  );
  assert.equal(
    said(note, de),
    'Partition 2: Was in Partition 3 ist, behält seine Größe, 1,0 MiB von 2,0 MiB.',
  );
  const report = {
    code: 'layout/impossible',
    message: 'x',
    hint: 'y',
    details: { device: '/dev/sdb', problem: 'partition 3 ends after the end of the disk' },
  } as const;
  assert.match(problemText(report, de), /Partition 3 endet hinter dem Ende der Platte/);
});

test('a plan says what scratch files hold without FUSE, and why sizes of several targets are not chosen', () => {
  const plan = samplePlan({ kind: 'clone', source: '/dev/sda', targets: ['/dev/sdb', '/dev/sdc'] });
  const disk = {
    ...plan.disks[0]!,
    shrinking: { partitions: [], scratch: '/tmp', scratchBytes: 3 * 2 ** 30, isCopy: true },
  };
  const show = (disks: (typeof disk)[], isCopy: boolean): View =>
    planView(
      sampleState({
        flow: 'clone',
        plan: { ...plan, disks: disks.map((one) => ({ ...one, shrinking: { ...one.shrinking, isCopy } })) },
      }),
      de,
    );
  const copied = textsOf(show([disk], true));
  assert.match(copied, /3,0 GiB in \/tmp/);
  assert.ok(copied.includes(de.plan.layout.scratchCopy));
  assert.ok(!textsOf(show([disk], false)).includes(de.plan.layout.scratchCopy));
  const item = (view: View): unknown => {
    const found = view.items.find(({ id }) => id === 'layout');
    return found?.kind === 'choice' && (found.reason ?? found.enter?.kind);
  };
  assert.equal(item(show([disk], true)), 'open-layout');
  assert.equal(item(show([disk, { ...disk, number: 2 }], true)), de.layout.several);
});

test('a refusal in German has nothing left of the English of the engine, also in what it lists', () => {
  const ours = problems.filter(({ message }) => !message.includes('the server does not know this user'));
  for (const report of ours) {
    const text = problemText(report, de).replace(/\(resize2fs: .*\)|Code 1: .*\)|\(has no data\)/, '');
    assert.doesNotMatch(text, / (?:the|is|are|has|have|not|which|of|on|and|cannot|no) /, text);
  }
  const reasons = [
    say('about/said', { place: 'partition 1', remark: say('resize/unknown-content') }),
    say('about/said', { place: 'partition 2', remark: say('servant/recovery') }),
  ];
  const problem = say('grow/none', { problem: asIs(reasons.join('; ')) });
  const listed = new PermafrostError('layout/impossible', { device: '/dev/sdb', problem, hint: '' }).toJSON();
  assert.match(
    problemText(listed, de),
    /\(Partition 1: was darin ist, ist nicht bekannt; Partition 2: ist die Wiederherstellung von Windows\)/,
  );
});

test('why packs are damaged, and what helps, is said in German; what tools say stays as it is', () => {
  const pack = 'pack 0123abcd: pack 0123abcd.pack: index misplaces frame 7';
  assert.equal(
    said(pack, de),
    'Datei 0123abcd: Datei 0123abcd.pack: der Index hat Block 7 an falscher Stelle',
  );
  const section = 'repository section at 96: has a wrong checksum';
  assert.match(said(section, de), /^ein Abschnitt des Abbild-Ordners bei 96 .*: hat eine falsche Prüfsumme$/);
  const tool = 'mount failed with 32 (wrong fs type; bad superblock)';
  assert.equal(said(tool, de), 'mount ist gescheitert (Code 32: wrong fs type; bad superblock)');
});

test('nothing but a remark, or what is openly as it is, can be said', () => {
  const text = 'Something happened.';
  // @ts-expect-error a mere string is in no language but one
  const warnings: Plan['warnings'] = [text];
  // @ts-expect-error so in a report
  const ofReport: Report['warnings'] = [text];
  // @ts-expect-error and of a region
  const ofRegion: UsedMap['warnings'] = [text];
  // @ts-expect-error of a gap in it
  const reason: Gap['reason'] = text;
  // @ts-expect-error of what helps
  const remedy: NonNullable<RawReason['remedy']> = text;
  // @ts-expect-error a check of booting
  const finding: BootFinding['text'] = text;
  // @ts-expect-error and in a refusal
  const refusal = new PermafrostError('layout/impossible', { device: 'x', problem: text, hint: '' });
  assert.deepEqual([warnings[0], ofReport[0], ofRegion[0], reason, remedy, finding], Array(6).fill(text));
  assert.ok(refusal.message.endsWith(text));
});
