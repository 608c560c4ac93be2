/** What has the focus on each page, as it was seen there: lists change under it. */
import type { Overlay, Step } from './flow/parts.ts';
import { currentStep, currentView, type FlowState } from './flow/state.ts';
import type { Item, View } from './view.ts';

/** Pages whose entries stand for nothing that can be taken out. */
const steady: ReadonlySet<Step | Overlay> = new Set(['home', 'tools', 'job', 'question']);

export class Focus {
  /** Ids, by page. */
  readonly #seen = new Map<Step | Overlay, string>();

  /**
   * The item with the focus: the first one that can be chosen, until one is. What is gone leaves it to nothing, so
   * that no key can mean another disk than the one that was seen.
   */
  of(state: FlowState, { items }: View): Item | undefined {
    const view = currentView(state);
    const seen = this.#seen.get(view);
    const id = seen ?? state.focus[view];
    const found = items.find((item) => item.id === id);
    if (found !== undefined || (seen !== undefined && !steady.has(view))) return found;
    return items.find(({ reason }) => reason === undefined) ?? items[0];
  }

  /** Remembers what had the focus on the page that was seen, from one state to the next. */
  keep(before: FlowState, now: FlowState, focusBefore: string | undefined): void {
    const view = currentView(before);
    // Before there is a list nothing of it was seen.
    const isListed = before.disks !== undefined || now.disks === undefined;
    if (focusBefore !== undefined && isListed) this.#seen.set(view, focusBefore);
    for (const key of this.#seen.keys()) if (now.focus[key] !== before.focus[key]) this.#seen.delete(key);
    if (now.trail.length > before.trail.length) this.#seen.delete(currentStep(now));
  }
}
