/**
 * What a screen says, without how it is drawn: a title, a question, facts, things to choose or fill in, keys.
 * The Ink front end lays it out; a line-based one can read it aloud.
 */
import type { FlowEvent } from './flow/events.ts';
import type { Field, Step } from './flow/parts.ts';
import type { Tone } from './theme.ts';

export interface View {
  readonly step: Step;
  readonly title: string;
  readonly question?: string;
  /** Facts, above what can be chosen. */
  readonly body: readonly Block[];
  readonly items: readonly Item[];
  /** Shortcuts besides arrows, Enter, Esc and F1. */
  readonly keys: readonly Shortcut[];
  /** Paragraphs that explain the screen. */
  readonly help: readonly string[];
  /** What its keys do; of no use where there are none. */
  readonly keysHelp?: string;
  /** What Esc does, and what it is called. */
  readonly back?: { readonly label: string; readonly event: FlowEvent };
  /** What Enter does where there is nothing to choose. */
  readonly enter?: { readonly label: string; readonly event: FlowEvent };
  /** What Enter does is called in the key bar, where "choose" says too little. */
  readonly enterLabel?: string;
  /** What the arrows to the left and to the right do is called. */
  readonly sidewaysLabel?: string;
  /** What the space bar does is called, where "mark several" is not it. */
  readonly spaceLabel?: string;
  /** Is shown from its top, wherever the focus is: what it says matters more than what can be chosen. */
  readonly fromTop?: boolean;
  /** The body is text to be read: arrows scroll it. */
  readonly scrolls?: boolean;
  /** The screen asks for something that cannot be undone. */
  readonly danger?: boolean;
}

export interface Shortcut {
  /** As it is printed: one character, or `Space`. */
  readonly key: string;
  readonly label: string;
  readonly event: FlowEvent;
  /** Is about what has the focus: of no use where there is none. */
  readonly ofFocus?: boolean;
}

export type Item = ChoiceItem | CheckItem | FieldItem;

interface ItemBase {
  /** Unique on its screen, and the same for the same thing whenever the screen is drawn again. */
  readonly id: string;
  readonly label: string;
  /** Facts under the label. */
  readonly detail?: readonly Block[];
  /** Why it cannot be chosen, as a full sentence; absent if it can. */
  readonly reason?: string;
  /** A heading above it, for example of a group. */
  readonly heading?: string;
}

export interface ChoiceItem extends ItemBase {
  readonly kind: 'choice';
  /** Something to the right of the label. */
  readonly aside?: string;
  readonly enter?: FlowEvent;
  /** What Enter does is called, where it is not what it does on the rest of the page. */
  readonly enterLabel?: string;
  /** Of several that can be marked: whether this one is. */
  readonly marked?: boolean;
  readonly space?: FlowEvent;
  /** What the arrows to the left and to the right do. */
  readonly sideways?: { readonly left: FlowEvent; readonly right: FlowEvent };
  readonly tone?: Tone;
}

export interface CheckItem extends ItemBase {
  readonly kind: 'check';
  readonly checked: boolean;
  readonly toggle: FlowEvent;
}

export interface FieldItem extends ItemBase {
  readonly kind: 'field';
  /** The key of its text in the flow's fields. */
  readonly field: Field;
  readonly value: string;
  /** Shown as dots. */
  readonly secret?: boolean;
  /** Shown while it is empty. */
  readonly placeholder?: string;
  readonly enter?: FlowEvent;
}

export type Block = TextBlock | TableBlock | MapBlock | BarBlock | SpaceBlock;

export interface TextBlock {
  readonly kind: 'text';
  readonly text: string;
  readonly tone?: Tone;
  readonly indent?: number;
  /** Says what keys do: not read aloud. */
  readonly ofKeys?: true;
}

export interface TableBlock {
  readonly kind: 'table';
  readonly header?: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly align?: readonly ('left' | 'right')[];
  readonly indent?: number;
}

/** A disk drawn as a bar of its regions. */
export interface MapBlock {
  readonly kind: 'map';
  readonly regions: readonly MapRegion[];
  readonly sizeBytes: number;
  readonly indent?: number;
  /** What the marks in the bar mean, in the order in which they are explained. */
  readonly legend?: readonly (readonly ['copied' | 'used' | 'unused', string])[];
}

export interface MapRegion {
  readonly kind: string;
  readonly start: number;
  readonly length: number;
  /** What it is called, the longest first: the first that there is room for is shown. None where it has no name. */
  readonly labels: readonly string[];
  /** It has the focus. */
  readonly focused?: boolean;
  /** Absent where it is not known. */
  readonly usedBytes?: number;
  /** What a job has done of {@link usedBytes}. */
  readonly doneBytes?: number;
}

/** Progress; without a share it is not known how far it is. */
export interface BarBlock {
  readonly kind: 'bar';
  readonly share?: number;
  readonly label: string;
}

export interface SpaceBlock {
  readonly kind: 'space';
}

export function text(content: string, tone?: Tone, indent?: number): TextBlock {
  return {
    kind: 'text',
    text: content,
    ...(tone === undefined ? {} : { tone }),
    ...(indent === undefined ? {} : { indent }),
  };
}

export const space: SpaceBlock = { kind: 'space' };
