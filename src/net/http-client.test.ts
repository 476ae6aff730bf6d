import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { client, closeAfterTests, failsWith, serve, text } from './http-fixtures.ts';

closeAfterTests();

describe('HTTP client: requests', () => {
  it('sends method, headers and body, and returns status, headers and body', async () => {
    const port = await serve(async (request, response) => {
      const body = await text(request);
      response.writeHead(418, { 'X-Answer': 'yes' });
      response.end(
        JSON.stringify({
          method: request.method,
          url: request.url,
          type: request.headers['content-type'],
          body,
        }),
      );
    });
    const reply = await client().fetch({
      url: `http://127.0.0.1:${port}/a?b=1#ot=10000`,
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{"x":"ü"}',
    });
    assert.equal(reply.status, 418);
    assert.equal(reply.headers['x-answer'], 'yes');
    assert.equal(reply.url, `http://127.0.0.1:${port}/a?b=1`);
    assert.deepEqual(JSON.parse(reply.body.toString()), {
      method: 'POST',
      url: '/a?b=1',
      type: 'application/json',
      body: '{"x":"ü"}',
    });
  });

  it('sends userinfo as Basic authorization and nowhere else', async () => {
    const port = await serve((request, response) =>
      response.end(JSON.stringify([request.url, request.headers.host, request.headers.authorization])),
    );
    const reply = await client().fetch({ url: `http://ann:secret@127.0.0.1:${port}/x#tt=5000` });
    const basic = `Basic ${Buffer.from('ann:secret').toString('base64')}`;
    assert.deepEqual(JSON.parse(reply.body.toString()), ['/x', `127.0.0.1:${port}`, basic]);
    assert.doesNotMatch(reply.url, /secret/);
  });

  it('signs the URL as it was written, and each redirect anew', async () => {
    const signed: string[] = [];
    const port = await serve((request, response) => {
      if (request.url === '/end') response.end(request.headers['x-sign']);
      else response.writeHead(302, { location: '/end' }).end();
    });
    const reply = await client().fetch({
      url: `http://u:p@127.0.0.1:${port}/a/../start?q=%7e#rt=10000`,
      method: 'POST',
      body: 'body',
      sign: (url, body) => {
        signed.push(`${url} ${body}`);
        return { 'X-Sign': String(signed.length) };
      },
    });
    assert.deepEqual(signed, [
      `http://127.0.0.1:${port}/a/../start?q=%7e body`,
      `http://127.0.0.1:${port}/end `,
    ]);
    assert.equal(reply.body.toString(), '2');
  });

  it('refuses header values that would smuggle in further headers', async () => {
    const port = await serve((_, response) => response.end());
    await assert.rejects(
      client().fetch({ url: `http://127.0.0.1:${port}/`, headers: { 'X-A': 'a\r\nX-B: b' } }),
      failsWith('invalid_request', 'never'),
    );
  });

  it('tells of a header that cannot be sent as what it is, not as a lost connection', async () => {
    const port = await serve((_, response) => response.end());
    await assert.rejects(
      client().fetch({ url: `http://127.0.0.1:${port}/`, headers: { Expect: '100-continue' } }),
      failsWith('invalid_request', 'never', /the request is not valid \(expect/),
    );
  });

  it('refuses plain http when https is required, before anything is sent, and behind a redirect', async () => {
    let asked = 0;
    const port = await serve((_, response) => {
      asked++;
      response.end();
    });
    await assert.rejects(
      client().fetch({ url: `http://127.0.0.1:${port}/`, httpsOnly: true }),
      failsWith('https_required', 'never', /use https/),
    );
    await assert.rejects(
      client({ defaults: { httpsOnly: true } }).fetch({ url: `http://127.0.0.1:${port}/` }),
      failsWith('https_required', 'never'),
    );
    assert.equal(asked, 0);
  });
});

describe('HTTP client: redirects', () => {
  it('follows three, and no fourth', async () => {
    const port = await serve((request, response) => {
      const left = Number(request.url?.slice(1));
      if (left === 0) response.end('there');
      else response.writeHead(307, { location: `/${left - 1}` }).end();
    });
    const reply = await client().fetch({ url: `http://127.0.0.1:${port}/3` });
    assert.equal(reply.body.toString(), 'there');
    assert.equal(reply.redirects, 3);
    assert.equal(reply.url, `http://127.0.0.1:${port}/0`);
    await assert.rejects(
      client().fetch({ url: `http://127.0.0.1:${port}/4` }),
      failsWith('too_many_redirects', 'never', /more than 3/),
    );
  });

  for (const [status, method, expected] of [
    [301, 'POST', 'GET '],
    [302, 'POST', 'GET '],
    [303, 'PUT', 'GET '],
    [307, 'POST', 'POST body'],
    [308, 'PUT', 'PUT body'],
    [302, 'DELETE', 'DELETE body'],
  ] as const) {
    it(`repeats a ${method} behind ${status} as "${expected}"`, async () => {
      const port = await serve(async (request, response) => {
        const body = await text(request);
        if (request.url === '/end') {
          response.end(`${request.method} ${body}`);
        } else response.writeHead(status, { location: '/end' }).end();
      });
      const reply = await client().fetch({ url: `http://127.0.0.1:${port}/`, method, body: 'body' });
      assert.equal(reply.body.toString(), expected);
    });
  }

  for (const encoding of ['utf8', 'latin1'] as const) {
    it(`follows a URL whose letters the server did not escape (${encoding})`, async () => {
      const port = await serve((request, response) => {
        // Node writes each character of a header as one octet.
        const location = Buffer.from('/grüße.wav', encoding).toString('latin1');
        if (request.url === '/') response.writeHead(302, { location }).end();
        else response.end(request.url);
      });
      const reply = await client().fetch({ url: `http://127.0.0.1:${port}/` });
      assert.equal(reply.body.toString(), '/gr%C3%BC%C3%9Fe.wav');
    });
  }

  it('does not carry credentials to another origin', async () => {
    const headersSeen: (string | undefined)[] = [];
    const second = await serve((request, response) => {
      headersSeen.push(
        request.headers.authorization,
        request.headers.cookie,
        request.headers['x-api-key'] as string,
        request.headers['x-other'] as string,
      );
      response.end();
    });
    const first = await serve((request, response) => {
      headersSeen.push(request.headers.authorization, request.headers['x-api-key'] as string);
      const location = request.url === '/' ? '/same' : `http://127.0.0.1:${second}/`;
      response.writeHead(302, { location }).end();
    });
    await client().fetch({
      url: `http://u:p@127.0.0.1:${first}/`,
      headers: { Cookie: 'c=1', 'X-Api-Key': 'k', 'X-Other': 'kept' },
    });
    const basic = `Basic ${Buffer.from('u:p').toString('base64')}`;
    assert.deepEqual(headersSeen, [basic, 'k', basic, 'k', undefined, undefined, undefined, 'kept']);
  });

  it('does not carry a Host that was set to another origin, which may go by it', async () => {
    const hosts: (string | undefined)[] = [];
    const second = await serve((request, response) => {
      hosts.push(request.headers.host);
      response.end();
    });
    const first = await serve((request, response) => {
      hosts.push(request.headers.host);
      const location = request.url === '/' ? '/same' : `http://127.0.0.1:${second}/`;
      response.writeHead(302, { location }).end();
    });
    await client().fetch({ url: `http://127.0.0.1:${first}/`, headers: { Host: 'crm.example' } });
    assert.deepEqual(hosts, ['crm.example', 'crm.example', `127.0.0.1:${second}`]);
  });

  it('checks each hop against the allowed addresses', async () => {
    let reached = false;
    const inner = await serve((_, response) => {
      reached = true;
      response.end();
    });
    const outer = await serve((_, response) =>
      response.writeHead(302, { location: `http://127.0.0.1:${inner}/` }).end(),
    );
    await assert.rejects(
      client({ allow: [`127.0.0.1:${outer}`] }).fetch({ url: `http://127.0.0.1:${outer}/` }),
      failsWith('refused_address', 'never', /loopback.*allowed addresses/),
    );
    assert.equal(reached, false);
  });

  it('refuses a redirect to something that is not HTTP', async () => {
    const closed = Promise.withResolvers<void>();
    const port = await serve((_, response) => {
      response.writeHead(302, { location: 'file:///etc/passwd' }).write('a body without end');
      response.on('close', closed.resolve);
    });
    await assert.rejects(
      client().fetch({ url: `http://127.0.0.1:${port}/` }),
      failsWith('invalid_url', 'never', /scheme "file"/),
    );
    await closed.promise;
  });
});
