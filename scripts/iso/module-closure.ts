/** Which kernel modules a choice of files and folders needs, from depmod's `modules.dep` and `modules.softdep`. */

/** `modules.dep`: module → the modules it needs, all as paths below the modules' folder. */
export function parseModulesDep(text: string): Map<string, string[]> {
  const needs = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon < 0) continue;
    needs.set(
      line.slice(0, colon),
      line
        .slice(colon + 1)
        .split(' ')
        .filter((path) => path !== ''),
    );
  }
  return needs;
}

/** The name by which the kernel knows a module file: without folders and endings, with `_` for `-`. */
export const moduleName = (path: string): string =>
  path
    .replace(/^.*\//, '')
    .replace(/\.ko(\.\w+)?$/, '')
    .replaceAll('-', '_');

/** `modules.softdep`: module name → names of modules that should be loaded with it. */
export function parseSoftdep(text: string): Map<string, string[]> {
  const wishes = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const match = /^softdep (\S+) (.*)$/.exec(line);
    if (match === null) continue;
    const names = match[2]!.split(/\s+/).filter((word) => word !== '' && !word.endsWith(':'));
    const name = match[1]!.replaceAll('-', '_');
    wishes.set(name, [...(wishes.get(name) ?? []), ...names.map((word) => word.replaceAll('-', '_'))]);
  }
  return wishes;
}

export interface ModuleChoice {
  /** Folders (`kernel/fs/`) and files without ending (`kernel/fs/fuse/fuse`), below the modules' folder. */
  readonly take: readonly string[];
  /** The same, left out unless something taken needs them. */
  readonly leave: readonly string[];
}

/**
 * The paths to take of `needs`' modules, closed over hard and soft dependencies, sorted. Throws where an entry of
 * the choice matches nothing, not even one of the paths `builtIn`: a kernel that moved or renamed a driver must not
 * lose it silently.
 */
export function closeModules(
  needs: ReadonlyMap<string, readonly string[]>,
  softdeps: ReadonlyMap<string, readonly string[]>,
  choice: ModuleChoice,
  builtIn: readonly string[] = [],
): string[] {
  const paths = [...needs.keys()];
  const matches = (entry: string, path: string): boolean =>
    entry.endsWith('/') ? path.startsWith(entry) : path.replace(/\.ko(\.\w+)?$/, '') === entry;
  const idle = [...choice.take, ...choice.leave].filter(
    (entry) => ![...paths, ...builtIn].some((path) => matches(entry, path)),
  );
  if (idle.length > 0) throw new Error(`this kernel has no module ${idle.join(', ')}`);
  const byName = new Map(paths.map((path) => [moduleName(path), path]));
  const queue = paths.filter(
    (path) =>
      choice.take.some((entry) => matches(entry, path)) &&
      !choice.leave.some((entry) => matches(entry, path)),
  );
  const found = new Set<string>();
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (found.has(path)) continue;
    found.add(path);
    queue.push(...(needs.get(path) ?? []));
    for (const name of softdeps.get(moduleName(path)) ?? []) {
      const wished = byName.get(name);
      if (wished !== undefined) queue.push(wished);
    }
  }
  return [...found].sort();
}
