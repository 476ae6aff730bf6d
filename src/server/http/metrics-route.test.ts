import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Counter, Registry } from 'prom-client';
import { AUTH, useTestServer } from './http-fixtures.ts';

describe('GET /metrics', () => {
  const site = useTestServer();
  const registry = new Registry();
  new Counter({ name: 'calls_total', help: 'Calls.', registers: [registry] }).inc(7);

  test('answers with the text format of Prometheus, to who has the credentials', async () => {
    const { app } = site.current.make({ metrics: { registry, open: false } });
    const refused = await app.inject({ url: '/metrics' });
    assert.equal(refused.statusCode, 401);
    assert.match(String(refused.headers['www-authenticate']), /^Basic /);
    assert.doesNotMatch(refused.body, /calls_total/);
    const answer = await app.inject({ url: '/metrics', headers: AUTH });
    assert.equal(answer.statusCode, 200);
    assert.match(String(answer.headers['content-type']), /^text\/plain; version=0\.0\.4/);
    assert.match(answer.body, /^calls_total 7$/m);
  });

  test('is open to everybody where that is set', async () => {
    const { app } = site.current.make({ metrics: { registry, open: true } });
    assert.equal((await app.inject({ url: '/metrics' })).statusCode, 200);
  });
});
