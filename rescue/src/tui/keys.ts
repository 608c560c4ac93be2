/** Keys as the flow knows them, from what Node's key parser says. */

export type Key =
  | { readonly name: 'text'; readonly text: string }
  | {
      readonly name:
        | 'up'
        | 'down'
        | 'left'
        | 'right'
        | 'home'
        | 'end'
        | 'page-up'
        | 'page-down'
        | 'enter'
        | 'escape'
        | 'tab'
        | 'back-tab'
        | 'backspace'
        | 'delete'
        | 'clear'
        | 'redraw'
        | 'interrupt'
        | 'f1'
        | 'f2';
    };

/** What `node:readline` says of a key. */
export interface NodeKey {
  readonly sequence?: string;
  readonly name?: string | undefined;
  readonly ctrl?: boolean;
  readonly meta?: boolean;
  readonly shift?: boolean;
}

const named: Readonly<Record<string, Exclude<Key['name'], 'text'>>> = {
  up: 'up',
  down: 'down',
  left: 'left',
  right: 'right',
  home: 'home',
  end: 'end',
  pageup: 'page-up',
  pagedown: 'page-down',
  return: 'enter',
  enter: 'enter',
  escape: 'escape',
  backspace: 'backspace',
  delete: 'delete',
  f1: 'f1',
  f2: 'f2',
};

/** Undefined for keys that mean nothing here. */
export function keyFrom(text: string | undefined, key: NodeKey): Key | undefined {
  if (key.ctrl === true) {
    if (key.name === 'c') return { name: 'interrupt' };
    if (key.name === 'l') return { name: 'redraw' };
    if (key.name === 'u') return { name: 'clear' };
    if (key.name === 'h') return { name: 'backspace' };
    if (key.name !== 'j' && key.name !== 'm') return undefined;
    return { name: 'enter' };
  }
  if (key.name === 'tab') return { name: key.shift === true ? 'back-tab' : 'tab' };
  const name = key.name === undefined ? undefined : named[key.name];
  if (name !== undefined) return { name };

  if (text === undefined || text === '' || key.meta === true || /[\u0000-\u001f\u007f]/.test(text))
    return undefined;
  return { name: 'text', text };
}
