import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ERROR_CODES, type ErrorCode, errorPage } from '../src/swml/error-codes.ts';
import { pages, stalePages } from './generate-docs.ts';

test('the pages of the methods and of the errors are as the registries say', () => {
  assert.deepEqual(stalePages(), []);
});

test('there is a page for each method of both languages', () => {
  const files = [...pages().keys()];
  assert.equal(files.filter((file) => file.startsWith('docs/methods/calling/')).length, 43);
  assert.equal(files.filter((file) => file.startsWith('docs/methods/messaging/')).length, 9);
});

test('the page of errors has an anchor for each code, and for nothing else', () => {
  const page = pages().get('docs/errors.md')!;
  const anchors = [...page.matchAll(/<a id="([^"]+)">/g)].map((match) => `docs/errors.md#${match[1]}`);
  assert.deepEqual(anchors, (Object.keys(ERROR_CODES) as ErrorCode[]).map(errorPage));
});
