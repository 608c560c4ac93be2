import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { recognise, remark, remarkTemplates, say, type RemarkCode, asIs } from './remarks.ts';

/** Values for a template: numbers for what counts, words for what does not, and a remark where one is meant. */
function sampleDetails(template: string): Record<string, string | number> {
  const names = [...new Set([...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!))];
  return Object.fromEntries(
    names.map((name, i) => [
      name,
      /(?:Bytes|Start|umber|ount|Size)$/.test(name)
        ? 512 + i
        : ['doubt', 'remark'].includes(name)
          ? say('doubt/gpt-differs')
          : `x${i}${name}`,
    ]),
  );
}

/** Whatever its values are. */
const sayAny = say as (code: RemarkCode, details: object) => string;

test('every remark is found again by its words, with its values', () => {
  for (const [code, template] of Object.entries(remarkTemplates)) {
    const details = sampleDetails(template);
    const text = sayAny(code as RemarkCode, details);
    const found = recognise(text);
    // One that is nothing but another's words stands for that.
    if (/^\{\w+\}$/.test(template)) continue;
    assert.equal(found?.code, code, text);
    const values = Object.fromEntries(Object.entries(details).map(([name, value]) => [name, String(value)]));
    assert.deepEqual(found.details, values, text);
  }
});

test('a remark within another is found, also where it begins a sentence', () => {
  const doubt = say('doubt/ends-behind', { number: 3 });
  const text = say('table/taken-whole', { doubt: asIs(doubt.replace('p', 'P')) });
  assert.equal(text, 'Partition 3 ends after the end of the disk: it is taken whole.');
  const found = recognise(text)!;
  assert.equal(found.code, 'table/taken-whole');
  assert.equal(recognise(String(found.details['doubt']))?.code, 'doubt/ends-behind');
  const about = say('about/said', { place: 'partition 2', remark: say('fat/copies-differ') });
  assert.deepEqual(recognise(about)?.details, { place: 'partition 2', remark: say('fat/copies-differ') });
});

test('what is no remark is none', () => {
  for (const text of ['', 'x', 'Something else: what it is.', 'no space left on device.', '{problem}'])
    assert.equal(recognise(text), undefined, text);
});

test('a hostile text takes no more time than its length', () => {
  const started = performance.now();
  for (const template of [remarkTemplates['about/said'], remarkTemplates['linux/grub-goes-on']]) {
    const own = template.split(/\{\w+\}/);
    const between = own.slice(1, -1).join('x');
    // Every place could be where a value ends; none leads to the end.
    for (const size of [500, 1000, 2000])
      recognise(`${own[0]!}${`x${between}`.repeat(size)}`.slice(0, size) + '\0');
  }
  // Tried one way after the other, the second size alone takes longer.
  assert.ok(performance.now() - started < 4000);
  assert.equal(recognise(`${'x: '.repeat(2000)}${say('fat/copies-differ')}`), undefined);
});

test('a remark is plain data with its English words', () => {
  assert.deepEqual(remark('size/content', { leastBytes: 5 }), {
    code: 'size/content',
    text: 'its file system needs 5 bytes at least',
    details: { leastBytes: 5 },
  });
});

test('what the native part says of a payload is among the remarks', () => {
  const source = readFileSync(new URL('../../../blockdev-native/src/chunks.cc', import.meta.url), 'utf8');
  const words = [...source.matchAll(/problem = (?:std::string\()?"([^"]+)"/g)].map(([, text]) => text!);
  assert.ok(words.length >= 7);
  for (const text of words) assert.ok(recognise(text.endsWith(' ') ? `${text}why` : text), text);
});
