/** The keyboard layouts that the image offers, one a line of `etc/permafrost/keymaps`: name, file, what it is called. */

export interface KeyboardLayout {
  /** What `permafrost.keymap=` takes. */
  readonly name: string;
  /** Below `usr/share/keymaps/i386`, without its ending. */
  readonly file: string;
  readonly title: string;
}

/** Parses the list; throws an Error for a line that the boot menu or a shell could take for something else. */
export function parseLayouts(text: string): KeyboardLayout[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const match = /^([a-z][a-z-]*) ([a-z]+\/[\w-]+) ([\w() -]+)$/.exec(line);
      if (match === null) throw new Error(`etc/permafrost/keymaps: "${line}" is no layout`);
      return { name: match[1]!, file: match[2]!, title: match[3]! };
    });
}
