/**
 * Draws the UI on this terminal, then runs a shell there, for tests of what is seen then, as soon as
 * there is a file FLAG. Usage: show-shell.ts FLAG
 */
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { LocalHost } from '../../src/runner/local-host.ts';
import { Console } from '../../src/tui/runtime/console.ts';
import { Session } from '../../src/tui/session.ts';
import { themeFor } from '../../src/tui/theme.ts';

const environment = process.env;
const host = new LocalHost();
const console = new Console({ environment });
const session = new Session({
  language: 'en',
  rescue: false,
  isRoot: true,
  host: host.state,
  theme: themeFor(environment),
  frame: console.frame,
  runEffect: () => undefined,
});
console.show(session, () => undefined);
while (!existsSync(process.argv[2]!)) await delay(50);
await console.runShell('exit: Permafrost');
console.close();
await host.close();
