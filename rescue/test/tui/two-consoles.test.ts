/**
 * Two consoles of one UI, and two front ends of one runner, that confirm different things: what is written is what the
 * one confirmed who began, and nothing else.
 */
import '../support/run-dir.ts';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Job } from '../../src/engine/index.ts';
import { LocalHost } from '../../src/runner/local-host.ts';
import type { FlowState } from '../../src/tui/flow/state.ts';
import { currentView, initialState } from '../../src/tui/flow/state.ts';
import { World } from '../../src/tui/runtime/world.ts';
import { Session } from '../../src/tui/session.ts';
import { client, imagedDisk, is, startPaused, startRunner, stateOf } from '../runner/support.ts';
import { run } from '../support/command.ts';
import { limitMs } from '../support/patience.ts';
import { fillWithNoise, sparseFile } from '../support/scratch.ts';
import { unicodeTheme } from './drawn.ts';

const SIZE = 64 * 1024 * 1024;
const LIMIT_MS = limitMs(120);

async function sha256(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

async function noisyTarget(folder: string, name: string, seed: number): Promise<string> {
  const target = await sparseFile(join(folder, name), SIZE);
  await fillWithNoise(target, SIZE, seed);
  return target;
}

/** One console without a terminal, in the world of the others. */
class Seat {
  readonly session: Session;

  constructor(host: LocalHost, world: World) {
    const options = { language: 'en', rescue: false, isRoot: true, host: host.state } as const;
    this.session = new Session({
      ...options,
      theme: unicodeTheme,
      frame: { columns: 80, rows: 24 },
      runEffect: world.run,
      state: initialState(options),
    });
    world.add(this.session);
    host.subscribe((state) => this.session.dispatch({ kind: 'host', state }));
  }

  /** Waits for what `matches` says of the state. */
  async until(what: string, matches: (state: FlowState) => boolean): Promise<FlowState> {
    const { session } = this;
    const { promise, resolve, reject } = Promise.withResolvers<FlowState>();
    const look = (): void => {
      if (matches(session.state)) resolve(session.state);
    };
    const unsubscribe = session.subscribe(look);
    const timer = setTimeout(() => reject(new Error(`not seen: ${what}\n${this.text}`)), LIMIT_MS);
    look();
    return promise.finally(() => {
      clearTimeout(timer);
      unsubscribe();
    });
  }

  sees(view: ReturnType<typeof currentView>): Promise<FlowState> {
    return this.until(view, (state) => currentView(state) === view);
  }

  get text(): string {
    const { lines } = this.session.laid();
    return lines.map((line) => line.map(({ text }) => text).join('')).join('\n');
  }

  /** Goes to the entry whose label begins so, types where it is a field, and presses Enter. */
  choose(label: string, typed?: string): void {
    const { session } = this;
    const item = session.view.items.find((each) => each.label.startsWith(label));
    assert.ok(item !== undefined, `there is no ${label} in\n${this.text}`);
    session.dispatch({ kind: 'focus', id: item.id });
    while (session.laid().focusOutside !== undefined) session.press({ name: 'enter' });
    for (const text of typed ?? '') session.press({ name: 'text', text });
    session.press({ name: 'enter' });
  }

  /** Up to the page where the overwriting of `target` is confirmed, with all that has to be typed but the last Enter. */
  async upToConfirm(repository: string, target: string): Promise<void> {
    this.choose('Put an image back');
    this.choose('A folder of this system');
    this.choose('Folder', repository);
    await this.sees('images');
    this.session.press({ name: 'enter' });
    await this.sees('target');
    this.choose('Or a disk-image file', target);
    await this.sees('plan');
    this.choose('Go on to confirm');
    this.type(target);
  }

  type(target: string): void {
    for (const text of `${SIZE} ${target}`) this.session.press({ name: 'text', text });
  }
}

function consoles(t: TestContext): { host: LocalHost; first: Seat; second: Seat } {
  const host = new LocalHost();
  t.after(() => host.close());
  const world = new World({ host, runShell: () => Promise.resolve(), leave: () => undefined });
  t.after(() => world.stop());
  return { host, first: new Seat(host, world), second: new Seat(host, world) };
}

test('of two consoles the one that begins has its disk written, and the other one writes nothing', async (t) => {
  const { folder, source, repository } = await imagedDisk(t);
  const [mine, yours] = [await noisyTarget(folder, 'mine.img', 1), await noisyTarget(folder, 'yours.img', 2)];
  const before = await sha256(yours);
  const { host, first, second } = consoles(t);
  await first.upToConfirm(repository, mine);
  await second.upToConfirm(repository, yours);
  assert.notEqual(first.session.state.plan?.digest, second.session.state.plan?.digest);

  first.session.press({ name: 'enter' });
  await stateOf(host, is('running'));
  await host.pause();
  // The one that was slower looks at the job that runs now; what it had typed begins nothing.
  await second.sees('job');
  second.session.press({ name: 'enter' });
  await host.resume();
  await stateOf(host, is('ended'));
  assert.equal(await sha256(yours), before);
  await run('cmp', [source, mine]);
  await first.sees('job');
  assert.match(first.text, /The image is back on the disk/);
});

test('what changed at one console since it was confirmed at the other is planned and shown anew', async (t) => {
  const { folder, source, repository } = await imagedDisk(t);
  const target = await noisyTarget(folder, 'target.img', 3);
  const { host, first, second } = consoles(t);
  await first.upToConfirm(repository, target);
  const old = first.session.state.plan!.digest;
  // The other one writes the very disk meanwhile: it is no longer what the first one saw.
  await second.upToConfirm(repository, target);
  second.session.press({ name: 'enter' });
  await stateOf(host, is('ended'));
  await second.until('the end', ({ host: { kind } }) => kind === 'ended');
  second.choose('Back to the start page');
  await stateOf(host, is('idle'));
  const written = await sha256(target);

  await first.sees('confirm');
  first.session.press({ name: 'enter' });
  const { plan } = await first.until(
    'the new plan',
    (state) => state.notice?.id === 'plan-changed' && currentView(state) === 'plan',
  );
  assert.notEqual(plan?.digest, old);
  assert.match(first.text, /Nothing was written\.\s+This is the new plan/);
  assert.equal(await sha256(target), written);
  // What was typed for the old plan confirms nothing.
  first.choose('Go on to confirm');
  assert.doesNotMatch(first.text, new RegExp(`\\[${SIZE}`));
  first.type(target);
  first.session.press({ name: 'enter' });
  await first.until('the end', ({ host: { kind } }) => kind === 'ended');
  assert.match(first.text, /The image is back on the disk/);
  await run('cmp', [source, target]);
});

test('of two front ends of one runner, neither begins what the other one confirmed', async (t) => {
  const { folder, source, repository } = await imagedDisk(t);
  startRunner(t);
  const [first, second] = [await client(t), await client(t)];
  const [mine, yours] = [await noisyTarget(folder, 'mine.img', 4), await noisyTarget(folder, 'yours.img', 5)];
  const before = [await sha256(mine), await sha256(yours)];
  const job = (target: string): Job => ({
    kind: 'restore',
    repository,
    image: 'latest',
    targets: [{ target }],
  });
  const [myPlan, yourPlan] = [await first.plan(job(mine)), await second.plan(job(yours))];

  // The digest of one plan with the job of another one.
  await first.start(job(mine), yourPlan.digest);
  const refused = await stateOf(second, is('ended'));
  assert.equal((refused.report?.error ?? refused.error)?.code, 'plan/changed');
  assert.deepEqual([await sha256(mine), await sha256(yours)], before);
  await second.dismiss();
  await stateOf(first, is('idle'));

  await startPaused(first, job(mine), myPlan.digest);
  await assert.rejects(second.start(job(yours), yourPlan.digest), { code: 'job/busy' });
  await first.resume();
  const { report } = await stateOf(second, is('ended'));
  assert.equal(report?.planDigest, myPlan.digest);
  await run('cmp', [source, mine]);
  assert.equal(await sha256(yours), before[1]);
});
