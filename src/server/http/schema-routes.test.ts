import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { jsonSchema } from '../../methods/json-schema.ts';
import { testFileSchema } from '../../testing/files/json-schema.ts';
import { useTestServer } from './http-fixtures.ts';

const t = useTestServer();

describe('the JSON Schema of documents', () => {
  for (const kind of ['calling', 'messaging'] as const) {
    test(`is there for ${kind} documents, for everyone, also for pages of other origins`, async () => {
      const response = await t.current.request('GET', `/schemas/${kind}.json`);
      assert.equal(response.statusCode, 200);
      assert.match(String(response.headers['content-type']), /^application\/schema\+json/);
      assert.equal(response.headers['access-control-allow-origin'], '*');
      assert.deepEqual(response.json(), jsonSchema(kind));
    });
  }

  test('is there for test files, too', async () => {
    assert.deepEqual((await t.current.request('GET', '/schemas/test.json')).json(), testFileSchema());
  });

  test('is not sent again to an editor that has it', async () => {
    const { etag } = (await t.current.request('GET', '/schemas/calling.json')).headers;
    const again = await t.current.request('GET', '/schemas/calling.json', { 'if-none-match': String(etag) });
    assert.equal(again.statusCode, 304);
    assert.equal(again.body, '');
    // As a proxy that compresses it hands it on, and with one of before (RFC 9110 13.1.2).
    for (const condition of [`W/${etag}`, `"before", ${etag}`]) {
      const headers = { 'if-none-match': condition };
      const { statusCode } = await t.current.request('GET', '/schemas/calling.json', headers);
      assert.equal(statusCode, 304, condition);
    }
    const other = { 'if-none-match': '"before"' };
    assert.equal((await t.current.request('GET', '/schemas/calling.json', other)).statusCode, 200);
  });

  test('is not there under other names', async () => {
    for (const file of ['faxing.json', 'constructor', 'calling', 'calling.yaml', '..%2fcalling.json']) {
      assert.equal((await t.current.request('GET', `/schemas/${file}`)).statusCode, 404, file);
    }
  });
});
