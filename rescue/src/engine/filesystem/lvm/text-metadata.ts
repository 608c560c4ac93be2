/**
 * The text in which LVM2 keeps what it knows of a volume group: sections in braces, values that are numbers, texts
 * or lists of them (lvm2 `lib/config`, lvm.conf(5)).
 */
import { PermafrostError } from '../../base/errors.ts';

export type LvmValue = number | string | readonly (number | string)[] | LvmSection;
export interface LvmSection {
  readonly [name: string]: LvmValue;
}

const MAX_DEPTH = 8;
const token = /\s+|#[^\n]*|([A-Za-z0-9_.+-]+)|"((?:[^"\\]|\\.)*)"|([{}[\]=,])/y;

/** The top section of `text`. Throws `structure/invalid`. */
export function parseLvmText(text: string): LvmSection {
  const tokens = tokenize(text);
  let at = 0;
  const section = (depth: number): LvmSection => {
    if (depth > MAX_DEPTH) fail('is nested too deeply');
    const values: Record<string, LvmValue> = Object.create(null) as Record<string, LvmValue>;
    while (at < tokens.length && tokens[at]!.text !== '}') {
      const name = tokens[at++]!;
      const sign = tokens[at++]?.text;
      if (name.kind !== 'word') fail(`has "${name.text}" where a name is expected`);
      if (sign === '{') {
        values[name.text] = section(depth + 1);
        if (tokens[at++]?.text !== '}') fail('ends inside a section');
      } else if (sign === '=') values[name.text] = value();
      else fail(`has nothing after "${name.text}"`);
    }
    return values;
  };
  const value = (): LvmValue => {
    const first = tokens[at++];
    if (first === undefined) return fail('ends before a value');
    if (first.text !== '[' || first.kind !== 'sign') return scalar(first);
    const list: (number | string)[] = [];
    for (let next = tokens[at++]; next?.text !== ']'; next = tokens[at++]) {
      if (next === undefined) fail('ends inside a list');
      else if (next.kind !== 'sign') list.push(scalar(next));
    }
    return list;
  };
  const top = section(0);
  if (at < tokens.length) fail('has a brace too many');
  return top;
}

interface Token {
  readonly kind: 'word' | 'text' | 'sign';
  readonly text: string;
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < text.length) {
    const found = token.exec(text);
    if (found === null) return fail('has something that is no value');
    const [, word, quoted, sign] = found;
    if (word !== undefined) tokens.push({ kind: 'word', text: word });
    else if (quoted !== undefined) tokens.push({ kind: 'text', text: quoted.replace(/\\(.)/g, '$1') });
    else if (sign !== undefined) tokens.push({ kind: 'sign', text: sign });
  }
  return tokens;
}

function scalar({ kind, text }: Token): number | string {
  return kind === 'word' && /^\d{1,15}$/.test(text) ? Number(text) : text;
}

function fail(problem: string): never {
  throw new PermafrostError('structure/invalid', { structure: 'LVM2 metadata', problem });
}
