/**
 * The rules of who may import whom, as one pure function over source texts. docs/architecture.md draws them:
 * base ← device ← {partition, filesystem} ← boot, base ← repository, job composes them, engine/index.ts is the one
 * door, unattended ← runner ← {cli, tui} ← main. Types count like values for the layers, since they bind as hard; only values can
 * make a cycle.
 */
import { posix } from 'node:path';
import ts from 'typescript';

interface Import {
  readonly specifier: string;
  readonly line: number;
  readonly typeOnly: boolean;
  readonly dynamic: boolean;
}

/** Which areas an area may import besides itself. An area that is not listed may import nothing of rescue/src. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  base: [],
  device: ['base'],
  partition: ['base', 'device'],
  filesystem: ['base', 'device'],
  boot: ['base', 'device', 'partition', 'filesystem'],
  repository: ['base'],
  job: ['base', 'device', 'partition', 'filesystem', 'boot', 'repository'],
  engine: ['base', 'device', 'partition', 'filesystem', 'boot', 'repository', 'job'],
  unattended: ['engine'],
  runner: ['engine', 'unattended'],
  cli: ['engine', 'unattended', 'runner'],
  tui: ['engine', 'unattended', 'runner'],
  main: ['cli', 'tui', 'base'],
  scripts: ['engine', 'unattended', 'test-vm'],
  native: [],
  'test-vm': [],
};

const mayLoadNative: readonly string[] = ['base', 'device', 'repository', 'job'];
const parsers: readonly string[] = ['partition', 'filesystem', 'boot'];
/** Parsers see the world through a BlockReader: of Node they may have what computes, nothing that opens. */
const parserModules: readonly string[] = ['node:buffer', 'node:crypto', 'node:util', 'node:zlib'];

const isTest = (path: string): boolean => /\.test\.tsx?$/.test(path);

/** The area a file belongs to; undefined for files that stand under no rule (tests and their helpers). */
function areaOf(path: string): string | undefined {
  if (isTest(path) && !path.startsWith('test-vm/')) return undefined;
  const layer = /^rescue\/src\/engine\/([^/]+)\//.exec(path)?.[1];
  if (layer !== undefined) return layer;
  if (path === 'rescue/src/engine/index.ts') return 'engine';
  const front = /^rescue\/src\/([^/]+)\//.exec(path)?.[1];
  if (front !== undefined) return front;
  if (/^rescue\/src\/[^/]+$/.test(path)) return 'main';
  if (path.startsWith('rescue/blockdev-native/')) return 'native';
  if (path.startsWith('test-vm/')) return 'test-vm';
  if (path.startsWith('scripts/')) return 'scripts';
  return undefined;
}

function importsOf(path: string, text: string): Import[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found: Import[] = [];
  const add = (node: ts.Node, specifier: ts.Expression, typeOnly: boolean, dynamic: boolean): void => {
    if (!ts.isStringLiteralLike(specifier)) return;
    const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
    found.push({ specifier: specifier.text, line, typeOnly, dynamic });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      // `import { type A }` keeps the module loaded under verbatimModuleSyntax; only `import type` does not.
      const typeOnly = node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
      add(node, node.moduleSpecifier, typeOnly, false);
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
      add(node, node.moduleSpecifier, node.isTypeOnly, false);
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      add(node, node.argument.literal, true, false);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      if (node.arguments[0] !== undefined) add(node, node.arguments[0], false, true);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function forbidden(from: string, area: string, { specifier }: Import): string | undefined {
  if (specifier.startsWith('node:')) {
    return parsers.includes(area) && !parserModules.includes(specifier)
      ? `a parser reads only through a BlockReader, so it may not import ${specifier}`
      : undefined;
  }
  if (specifier === 'blockdev-native' || specifier.startsWith('blockdev-native/')) {
    return mayLoadNative.includes(area) ? undefined : `${area} may not import the native addon`;
  }
  if (specifier === 'permafrost' || specifier.startsWith('permafrost/'))
    return `${area} may not import rescue by name`;
  if (!specifier.startsWith('.')) return undefined;
  const target = posix.join(posix.dirname(from), specifier);
  if (area !== 'scripts' && (isTest(target) || target.startsWith('rescue/test/')))
    return `${target} is only for tests`;
  const targetArea = areaOf(target);
  if (targetArea === undefined || targetArea === area) return undefined;
  const rules = allowed[area];
  if (rules === undefined) return `${area} is no layer that the layer check knows`;
  if (rules.includes(targetArea)) return undefined;
  if (rules.includes('engine') && target.startsWith('rescue/src/engine/')) {
    return `${area} may enter the engine only through engine/index.ts, not ${target}`;
  }
  return `${area} may not import ${targetArea} (${target})`;
}

/** The cycles among value imports, each as the path round it, each reported once. */
function cyclesIn(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const cycles: string[][] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const seenAt = trail.indexOf(path);
    if (seenAt >= 0) {
      cycles.push([...trail.slice(seenAt), path]);
      return;
    }
    if (done.has(path)) return;
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of [...edges.keys()].sort()) visit(path, []);
  return cycles;
}

/**
 * Checks every import of `sources` (path from the project's root → text) and returns one line per violation,
 * `path:line: what`, sorted; none if the layers hold.
 */
export function checkLayers(sources: ReadonlyMap<string, string>): string[] {
  const problems: string[] = [];
  const edges = new Map<string, string[]>();
  for (const [path, text] of sources) {
    const area = areaOf(path);
    const targets: string[] = [];
    edges.set(path, targets);
    for (const found of importsOf(path, text)) {
      const problem = area === undefined ? undefined : forbidden(path, area, found);
      if (problem !== undefined) problems.push(`${path}:${found.line}: ${problem}`);
      if (found.typeOnly || found.dynamic || !found.specifier.startsWith('.')) continue;
      targets.push(posix.join(posix.dirname(path), found.specifier));
    }
  }
  for (const cycle of cyclesIn(edges)) problems.push(`${cycle[0]!}:1: import cycle: ${cycle.join(' → ')}`);
  return problems.sort();
}
