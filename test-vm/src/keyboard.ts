/** Text as the keys of an American keyboard, by QEMU's names. */

const plain: Readonly<Record<string, string>> = {
  ' ': 'spc',
  '\n': 'ret',
  '\t': 'tab',
  '-': 'minus',
  '=': 'equal',
  '[': 'bracket_left',
  ']': 'bracket_right',
  ';': 'semicolon',
  "'": 'apostrophe',
  '`': 'grave_accent',
  '\\': 'backslash',
  ',': 'comma',
  '.': 'dot',
  '/': 'slash',
};
const shifted = '~!@#$%^&*()_+{}|:"<>?';
const unshifted = "`1234567890-=[]\\;',./";

/** The keys to press one after the other; several at once are joined by a dash. Throws for what is on no key. */
export function keysFor(text: string): string[] {
  return Array.from(text, (character) => {
    if (/[a-z0-9]/.test(character)) return character;
    if (/[A-Z]/.test(character)) return `shift-${character.toLowerCase()}`;
    const key = plain[character];
    if (key !== undefined) return key;
    const base = unshifted[shifted.indexOf(character)];
    if (base === undefined) throw new Error(`no key has ${JSON.stringify(character)} on it`);
    return `shift-${plain[base] ?? base}`;
  });
}
