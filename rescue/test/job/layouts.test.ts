/** A sample of what layouts.long.test.ts does hundreds of times. */
import { test } from 'node:test';
import { proveLayout } from './support-random-layout.ts';

for (let seed = 1; seed <= 8; seed++)
  test(`random layout ${seed} is whole on its target`, (t) => proveLayout(t, seed));
