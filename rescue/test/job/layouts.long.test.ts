/** Hundreds of random layouts on targets of other sizes. */
import { test } from 'node:test';
import { proveLayout } from './support-random-layout.ts';

for (let seed = 1000; seed < 1300; seed++)
  test(`random layout ${seed} is whole on its target`, (t) => proveLayout(t, seed));
