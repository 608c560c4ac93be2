/**
 * A page as lines to be read one after the other, with a number for whatever can be chosen. Numbers stay with what
 * they were given to for as long as the page is open: a list that changes makes no number mean another disk.
 */
import type { Block, Item, MapBlock, TableBlock, View } from '../view.ts';
import type { Words } from '../words/words.ts';

export class Numbers {
  readonly #numbers = new Map<string, number>();

  of({ id }: Item): number {
    let number = this.#numbers.get(id);
    if (number === undefined) this.#numbers.set(id, (number = this.#numbers.size + 1));
    return number;
  }

  /** What has `number` on `view`; undefined where it is gone or never was. */
  find(number: number, view: View): Item | undefined {
    return view.items.find((item) => this.#numbers.get(item.id) === number);
  }
}

export interface PageLine {
  readonly text: string;
  /** It stands for something that can be chosen, which may vanish. */
  readonly item: boolean;
}

/** Everything that `view` says, in the order in which it is to be heard. */
export function pageLines(view: View, numbers: Numbers, words: Words): PageLine[] {
  const fact = (text: string): PageLine => ({ text, item: false });
  return [
    fact(/[.?!]$/.test(view.title) ? view.title : `${view.title}.`),
    ...(view.question === undefined || view.question === view.title ? [] : [fact(view.question)]),
    ...view.body.flatMap((block) => blockLines(block, words)).map(fact),
    ...view.items.flatMap((item) => [
      ...(item.heading === undefined || item.heading === '' ? [] : [fact(`${item.heading}:`)]),
      { text: itemLine(item, numbers, words), item: true },
      ...(item.detail ?? []).flatMap((block) => blockLines(block, words)).map((text) => fact(`   ${text}`)),
    ]),
    fact(commandLine(view, words)),
  ].filter(({ text }) => text.trim() !== '');
}

/** An item with its number and its state in words. */
export function itemLine(item: Item, numbers: Numbers, words: Words): string {
  const { plain: w } = words;
  const number = numbers.of(item);
  const label =
    item.kind === 'choice' && item.aside !== undefined ? `${item.label}, ${item.aside}` : item.label;
  if (item.kind === 'field') {
    const value = item.secret === true && item.value !== '' ? w.secret : item.value;
    return w.field(number, label, value === '' ? w.empty(item.placeholder) : value);
  }
  const state =
    item.kind === 'check'
      ? item.checked
        ? `, ${w.on}`
        : `, ${w.off}`
      : item.marked === true
        ? `, ${w.marked}`
        : '';
  return item.reason === undefined
    ? `${number}. ${label}${state}`
    : `${number}. ${label}${state}. ${w.notPossible(item.reason)}`;
}

function commandLine(view: View, { plain: w, keys }: Words): string {
  const marks = view.items.some((item) => item.kind === 'choice' && item.space !== undefined);
  return w.commands([
    ...(view.items.length > 0 ? [w.number] : []),
    ...(marks ? [w.mark] : []),
    ...(view.enter === undefined ? [] : [`Enter ${view.enter.label}`]),
    ...view.keys
      .filter(({ ofFocus }) => ofFocus !== true)
      .map(({ key, label }) => `${commandOf(key)} ${label}`),
    ...(view.back === undefined ? [] : [`b ${view.back.label}`]),
    `h ${keys.help}`,
  ]);
}

/** What is typed for a shortcut. */
export function commandOf(key: string): string {
  return key === 'F2' ? 'l' : key.toLowerCase();
}

function blockLines(block: Block, words: Words): string[] {
  switch (block.kind) {
    case 'text':
      return block.ofKeys === true ? [] : block.text.split('\n');
    case 'table':
      return tableLines(block);
    case 'map':
      return mapLines(block, words);
    case 'bar':
      return [block.label];
    case 'space':
      return [];
  }
}

/** Each row as a sentence, its cells called by the header. */
function tableLines({ header, rows }: TableBlock): string[] {
  return rows.map((row) =>
    row
      .map((cell, i) => {
        const name = header?.[i];
        return i === 0 || name === undefined || cell === '' ? cell : `${name} ${cell}`;
      })
      .filter((cell) => cell.trim() !== '')
      .join(', '),
  );
}

/** What the picture shows: what is where, and how large. */
function mapLines({ regions }: MapBlock, { format, plain: w }: Words): string[] {
  const shown = regions.flatMap(({ labels: [name], length }) =>
    name === undefined ? [] : [`${name}, ${format.bytes(length)}`],
  );
  return shown.length === 0 ? [] : [w.map(shown.join('; '))];
}
