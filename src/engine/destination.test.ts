import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadDocument } from '../methods/check.ts';
import { main, run } from './run.test-helper.ts';

test('a fetched document that its loader has taken apart runs as it is', async () => {
  const known = loadDocument(main('- set: {from: loader}'), { file: 'known' });
  const { session, result } = await run('- execute: {dest: https://example.com/known}', {
    services: {
      loader: { load: async () => ({ text: 'not even YAML: [', name: 'known', document: known }) },
    },
  });
  assert.equal(result.outcome, 'finished');
  assert.equal(session.variables.all['from'], 'loader');
});

test('a loader is told what the document is for, and how strict its rules are', async () => {
  const { fetches } = await run('- execute: {dest: https://example.com/other}', {
    strict: true,
    documents: { 'https://example.com/other': main('- return: 1') },
  });
  assert.deepEqual(
    fetches.map(({ kind, strict, method }) => [kind, strict, method]),
    [['calling', true, 'POST']],
  );
});
