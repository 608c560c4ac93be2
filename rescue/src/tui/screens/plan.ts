/** What would be done, in words and picture, with what is lost; and the way back to change it. */
import type { DiskPlan, KeptId, LayoutChange, Plan, RegionPlan, RenewedId } from '../../engine/index.ts';
import { canEditLayout, mayEditLayout } from '../flow/edit-layout.ts';
import { EVERYTHING } from '../flow/job.ts';
import { chosenImage, type FlowState } from '../flow/state.ts';
import type { Block, Item, View } from '../view.ts';
import { space, text } from '../view.ts';
import type { Words } from '../words/words.ts';
import { contentName, identityWords, limitBlocks, plannedMap, regionName } from './disk-words.ts';
import { lostBlocks } from './lost.ts';
import { placeWords } from './place-words.ts';
import { problemHint, problemText, rawReason, rawRemedy, remarkText, said } from './problem-words.ts';

export function planView(state: FlowState, words: Words): View {
  const { plan: w, keys } = words;
  const { plan } = state;
  const flow = state.flow ?? 'image';
  if (plan === undefined)
    return {
      step: 'plan',
      title: w.title,
      body: [],
      items: [{ kind: 'choice', id: 'again', label: w.again, enter: { kind: 'replan' } }],
      keys: [],
      back: { label: keys.back, event: { kind: 'back' } },
      help: w.help,
    };
  const refused = plan.refusals.length > 0;
  const writes = flow === 'restore' || flow === 'clone';
  return {
    step: 'plan',
    title: w.title,
    body: [
      ...refusalBlocks(plan, words),
      ...summaryBlocks(state, plan, words),
      ...plan.disks.flatMap((disk, i) => diskBlocks(disk, plan, state, words, i === 0)),
      ...sumBlocks(plan, words),
      ...noteBlocks(plan, words),
    ],
    items: [
      refused
        ? { kind: 'choice', id: 'start', label: w.start[flow], reason: w.cannotStart }
        : {
            kind: 'choice',
            id: 'start',
            label: w.start[flow],
            enter: { kind: 'go-ahead' },
            tone: writes ? 'danger' : 'good',
          },
      ...overrideItems(state, plan, words),
      ...(mayEditLayout(state)
        ? [
            {
              kind: 'choice',
              id: 'layout',
              label: words.layout.option,
              aside: state.layout === undefined ? words.layout.byItself : words.layout.chosen,
              ...(canEditLayout(state)
                ? { enter: { kind: 'open-layout' } as const }
                : { reason: words.layout.several }),
            } as const,
          ]
        : []),
      ...(flow === 'verify'
        ? [
            {
              kind: 'check',
              id: 'independent',
              label: w.independent,
              checked: state.flags.independent === true,
              toggle: { kind: 'flag', flag: 'independent' },
            } as const,
          ]
        : []),
      ...(flow === 'bootcheck'
        ? []
        : [
            {
              kind: 'choice',
              id: 'options',
              label: w.options,
              enter: { kind: 'go', step: 'options' },
            } as const,
          ]),
      ...(refused
        ? [{ kind: 'choice', id: 'again', label: w.again, enter: { kind: 'replan' } } as const]
        : []),
    ],
    keys: [],
    back: { label: keys.back, event: { kind: 'back' } },
    help: w.help,
    fromTop: true,
    ...(writes ? { danger: true } : {}),
  };
}

/** What can be insisted on, where the plan says that it matters. */
function overrideItems(state: FlowState, plan: Plan, words: Words): Item[] {
  const { plan: w, format } = words;
  const unresolved: Item[] =
    plan.refusals.some(({ code }) => code === 'repository/unresolved') || state.flags.allowUnresolved === true
      ? [
          {
            kind: 'check',
            id: 'unresolved',
            label: w.unresolved,
            checked: state.flags.allowUnresolved === true,
            toggle: { kind: 'flag', flag: 'allowUnresolved' },
          },
        ]
      : [];
  // Every target of a copy carries the regions of its one source.
  const single = plan.job.kind === 'clone' || (plan.job.kind === 'image' && plan.disks.length === 1);
  if (!single) return unresolved;
  const distrusted = (plan.disks[0]?.regions ?? []).filter(
    ({ raw, overridden, partitions }) =>
      partitions.length <= 1 && (overridden !== undefined || raw?.trustedBytes !== undefined),
  );
  return [
    ...unresolved,
    ...distrusted.map((region): Item => {
      const number = region.partitions[0] ?? 0;
      const saved = region.length - (region.raw?.trustedBytes ?? region.usedBytes);
      return {
        kind: 'check',
        id: `trust${number}`,
        label: `${w.trust(number)} (${w.saves(format.bytes(saved))})`,
        detail: [text(w.trustDetail)],
        checked: state.trust.includes(number),
        toggle: { kind: 'trust', number },
      };
    }),
  ];
}

function refusalBlocks(plan: Plan, words: Words): Block[] {
  if (plan.refusals.length === 0) return [];
  return [
    text(words.plan.refused, 'danger'),
    ...plan.refusals.flatMap((refusal) => [
      text(problemText(refusal, words), 'danger', 2),
      text(problemHint(refusal, words), 'plain', 2),
    ]),
    space,
  ];
}

function summaryBlocks(state: FlowState, plan: Plan, words: Words): Block[] {
  const { plan: w, format, common } = words;
  const { job } = plan;
  switch (job.kind) {
    case 'image':
      return [
        text(w.image(common.disks(plan.disks.length), placeWords(state, job.repository, words)), 'strong'),
      ];
    case 'restore': {
      const taken = plan.image;
      return [
        text(w.restore, 'strong'),
        ...(taken === undefined
          ? []
          : [text(w.imageTaken(taken.name, taken.sequence, format.moment(taken.created)))]),
      ];
    }
    case 'clone':
      return [
        text(
          w.clone(plan.source === undefined ? job.source : identityWords(plan.source.identity, words)),
          'strong',
        ),
        ...limitBlocks(plan.source ?? {}, words),
      ];
    case 'verify': {
      const name = chosenImage(state)?.name ?? state.imageName ?? job.image ?? EVERYTHING;
      const what = job.image === undefined ? w.verifyAll : w.verifyOne(name);
      return [text(w.verify(what, placeWords(state, job.repository, words)), 'strong')];
    }
    case 'bootcheck':
      return [text(w.bootcheck(job.target), 'strong')];
  }
}

function diskBlocks(disk: DiskPlan, plan: Plan, state: FlowState, words: Words, isFirst: boolean): Block[] {
  const { plan: w } = words;
  const written = [...new Set((disk.tableWrites ?? []).map(({ what }) => said(what, words)))];
  const restores = plan.job.kind === 'restore' || plan.job.kind === 'clone';
  const who = identityWords(disk.identity, words);
  return [
    space,
    text(restores ? w.on(who) : who, 'strong'),
    ...limitBlocks(disk, words),
    // What is lost comes before what comes instead of it.
    ...(restores ? lostBlocks(disk, plan, state, words) : []),
    plannedMap(disk, words, { explain: isFirst }),
    regionTable(disk, words),
    ...(plan.job.kind === 'image' ? rawBlocks(disk.regions, words) : []),
    ...(disk.layout ?? []).map((change) => text(layoutWords(change, words), 'warning')),
    ...shrinkBlocks(disk, words),
    ...(written.length === 0 ? [] : [text(w.rewritten(written.join(', ')))]),
    ...newIdsBlocks(disk, words),
    ...bootEntryBlocks(disk, words),
    ...disk.regions.flatMap((region) =>
      region.warnings.map((warning) =>
        text(`${regionName(region, words)}: ${said(warning, words)}`, 'warning'),
      ),
    ),
  ];
}

/** How a partition of the target differs from that of the source. */
function layoutWords({ number, from, to, tool }: LayoutChange, words: Words): string {
  const { plan: w, format } = words;
  const sizes = [format.bytes(from.length), format.bytes(to.length)] as const;
  const how = [
    ...(to.length > from.length ? [w.layout.grows(...sizes)] : []),
    ...(to.length < from.length ? [w.layout.shrinks(...sizes)] : []),
    ...(to.start === from.start ? [] : [w.layout.moves(format.bytes(to.start))]),
    ...(tool === undefined
      ? []
      : [to.length < from.length ? w.layout.shrinkTool(tool) : w.layout.tool(tool)]),
  ];
  return `${regionName({ kind: 'partition', partitions: [number], name: '' }, words)}: ${how.join(', ')}`;
}

/** What gets identifiers of its own, what is changed with it, and what keeps the old ones. */
function newIdsBlocks({ newIds }: DiskPlan, words: Words): Block[] {
  if (newIds === undefined) return [];
  const { plan: w } = words;
  const { renewed, mended, kept, warnings } = newIds;
  const where = (one: KeptId | RenewedId): string => w.newIds.whose[one.what](String(one.partition ?? ''));
  return [
    ...renewed.map((one) => text(w.newIds.renewed(where(one), one.id))),
    ...mended.map(({ partition, file }) =>
      text(w.newIds.mended(`${w.newIds.whose['file-system'](String(partition ?? ''))}: ${file}`)),
    ),
    ...kept.map((one) => text(w.newIds.kept(where(one), one.id, said(one.reason, words)), 'warning')),
    ...warnings.map((warning) => text(said(warning, words), 'warning')),
  ];
}

/** How small the target could be, and what makes it so. */
function shrinkBlocks({ shrinking }: DiskPlan, words: Words): Block[] {
  if (shrinking === undefined) return [];
  const { plan: w, format } = words;
  const { leastBytes, partitions, scratch, scratchBytes, isCopy } = shrinking;
  return [
    ...(leastBytes === undefined ? [] : [text(w.layout.least(format.bytes(leastBytes)))]),
    ...partitions.map(({ number, bytes, reason }) => {
      const size = format.bytes(bytes);
      const how =
        reason === undefined ? w.layout.leastPart(size) : w.layout.keptPart(size, remarkText(reason, words));
      return text(`${regionName({ kind: 'partition', partitions: [number], name: '' }, words)}: ${how}`);
    }),
    text(w.layout.scratch(format.bytes(scratchBytes), scratch)),
    ...(isCopy === true ? [text(w.layout.scratchCopy)] : []),
  ];
}

/** What is done so that this machine starts the disk. */
function bootEntryBlocks({ bootEntry }: DiskPlan, { plan: w }: Words): Block[] {
  if (bootEntry === undefined) return [];
  return [
    ...bootEntry.entries.map(({ label, action }) =>
      text(action === 'there' ? w.bootEntryThere(label) : w.bootEntry(label)),
    ),
    ...(bootEntry.fallback.length === 0 ? [] : [text(w.fallback)]),
  ];
}

/** The partitions, and other regions that matter. */
function regionTable(disk: DiskPlan, words: Words): Block {
  const { plan: w, format } = words;
  const shown = disk.regions.filter(({ kind }) => kind === 'partition' || kind === 'whole');
  return {
    kind: 'table',
    header: w.header,
    align: ['left', 'left', 'left', 'right', 'right'],
    rows: shown.map((region) => [
      regionName(region, words),
      region.fileSystem === undefined ? '' : contentName(region.fileSystem.kind, words),
      region.fileSystem?.label ?? '',
      format.bytes(region.length),
      region.included ? format.bytes(region.usedBytes) : w.leftOut,
    ]),
  };
}

/** Why regions are saved whole, led by what a person can do about it. */
function rawBlocks(regions: readonly RegionPlan[], words: Words): Block[] {
  const { plan: w } = words;
  return regions.flatMap((region) => {
    const { raw } = region;
    if (raw === undefined || raw.code === 'asked') return [];
    const who = regionName(region, words);
    return [
      ...(raw.remedy === undefined ? [] : [text(w.remedy(who, rawRemedy(raw, words)), 'warning')]),
      text(w.kept(who, rawReason(raw, words))),
    ];
  });
}

function sumBlocks(plan: Plan, words: Words): Block[] {
  const { plan: w, format } = words;
  const { job, readBytes, writeBytes, freeBytes } = plan;
  if (job.kind === 'restore' || job.kind === 'clone') return [space, text(w.write(format.bytes(writeBytes)))];
  if (job.kind === 'verify' || job.kind === 'bootcheck') return [];
  return [
    space,
    text(w.read(format.bytes(readBytes))),
    ...(freeBytes === undefined ? [] : [text(w.free(format.bytes(freeBytes)))]),
    ...(freeBytes !== undefined && freeBytes < readBytes ? [text(w.tight, 'warning')] : []),
  ];
}

function noteBlocks(plan: Plan, words: Words): Block[] {
  // Those of disks are among those of the plan.
  const notes = [...new Set(plan.warnings)];
  return notes.length === 0
    ? []
    : [
        space,
        text(words.plan.notes, 'warning'),
        ...notes.map((note) => text(said(note, words), 'warning', 2)),
      ];
}
