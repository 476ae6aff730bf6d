import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pages, stalePages } from './generate-docs.ts';

test('the pages of the methods and of the errors are as the registries say', () => {
  assert.deepEqual(stalePages(), []);
});

test('there is a page for each method of both languages', () => {
  const files = [...pages().keys()];
  assert.equal(files.filter((file) => file.startsWith('docs/methods/calling/')).length, 43);
  assert.equal(files.filter((file) => file.startsWith('docs/methods/messaging/')).length, 9);
});
