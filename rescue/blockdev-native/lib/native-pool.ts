/** Threads and buffers of one job: {@link ChunkPool}. Waiting for a slot is what bounds memory. */
import { availableParallelism } from 'node:os';
import { checkInteger } from './arguments.ts';
import type { Binding, PoolHandle, SlotHandle } from './binding.ts';
import { cancelled } from './native-failure.ts';
import { NativeSlot, type SlotOwner } from './native-slot.ts';
import type { ChunkPool, PoolOptions, Slot } from './types.ts';

const MOST_FRAME_BYTES = 4 * 1024 * 1024;
const MOST_WORKERS = 64;
const MOST_SLOTS = 256;

interface Waiter {
  readonly resolve: (slot: Slot) => void;
  readonly reject: (error: Error) => void;
}

export class NativePool implements ChunkPool, SlotOwner {
  readonly workers: number;
  readonly frameBytes: number;
  readonly handle: PoolHandle;
  readonly #binding: Binding;
  readonly #slots: number;
  readonly #all = new Set<SlotHandle>();
  readonly #free: SlotHandle[] = [];
  readonly #waiters: Waiter[] = [];
  #calls = 0;
  #state: 'open' | 'closing' | 'abandoned' = 'open';
  #closed: Promise<void> | undefined;
  #onIdle: (() => void) | undefined;

  constructor(binding: Binding, options: PoolOptions = {}) {
    const { workers = Math.min(availableParallelism() + 2, 16), frameBytes = MOST_FRAME_BYTES } = options;
    const { slots = workers + 2 } = options;
    this.workers = checkInteger('workers', workers, 1, MOST_WORKERS);
    this.frameBytes = checkInteger('frameBytes', frameBytes, 1, MOST_FRAME_BYTES);
    this.#slots = checkInteger('slots', slots, 1, MOST_SLOTS);
    this.#binding = binding;
    this.handle = binding.createPool(workers);
  }

  get isUsable(): boolean {
    return this.#state === 'open';
  }

  acquire(): Promise<Slot> {
    if (this.#state !== 'open') return Promise.reject(cancelled('pool', 'acquire'));
    const free = this.#free.pop() ?? this.#newSlot();
    if (free !== undefined) return Promise.resolve(new NativeSlot(this.#binding, this, free));
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  #newSlot(): SlotHandle | undefined {
    if (this.#all.size >= this.#slots) return undefined;
    const slot = this.#binding.createSlot(this.frameBytes);
    this.#all.add(slot);
    return slot;
  }

  takeBack(slot: SlotHandle): void {
    if (this.#state !== 'open') return;
    const waiter = this.#waiters.shift();
    if (waiter === undefined) this.#free.push(slot);
    else waiter.resolve(new NativeSlot(this.#binding, this, slot));
  }

  callStarts(): void {
    this.#calls++;
  }

  callEnds(): void {
    this.#calls--;
    if (this.#calls === 0) this.#onIdle?.();
  }

  abandon(): void {
    if (this.#state === 'abandoned') return;
    this.#state = 'abandoned';
    this.#binding.abandonPool(this.handle);
    this.#dropAll();
  }

  close(): Promise<void> {
    this.#closed ??= this.#closeWhenIdle();
    return this.#closed;
  }

  async #closeWhenIdle(): Promise<void> {
    if (this.#state === 'open') this.#state = 'closing';
    this.#rejectWaiters();
    if (this.#calls > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    this.#binding.closePool(this.handle);
    this.#dropAll();
  }

  #dropAll(): void {
    this.#rejectWaiters();
    for (const slot of this.#all) this.#binding.freeSlot(slot);
    this.#all.clear();
    this.#free.length = 0;
  }

  #rejectWaiters(): void {
    for (const waiter of this.#waiters.splice(0)) waiter.reject(cancelled('pool', 'acquire'));
  }
}
