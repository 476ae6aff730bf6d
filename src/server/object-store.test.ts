import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { ACCESS_KEY, BUCKET, md5Of, ObjectServer, sha256Of } from '../../test/support/object-server.ts';
import { silentLogger } from '../log/logger.ts';
import { sampleBytes } from '../recording/encryption/encryption.test-helper.ts';
import { StorageError, type StorageErrorCode } from '../storage/errors.ts';
import type { S3Client } from '../storage/s3/s3-client.ts';
import { S3Files } from '../storage/s3/s3-files.ts';
import { RealClock } from '../time/real-clock.ts';
import { loadConfig } from './config.ts';
import { ConfigError } from './config-error.ts';
import { type ObjectStore, openObjectStore } from './object-store.ts';

const NAME = 'recordings/2026-01-01/c0ff0000-0000-4000-8000-000000000001.wav';
const BYTES = sampleBytes(300_000);

let server: ObjectServer;
const opened: ObjectStore[] = [];

before(async () => {
  server = await ObjectServer.start();
});
afterEach(() => {
  server.intercept = () => false;
  server.requests.length = 0;
});
after(async () => {
  await Promise.all(opened.map((store) => store.close()));
  await server.dispose();
});

const SETTINGS = (): Record<string, string> => ({
  OPENSWML_STORAGE_S3_ENDPOINT: server.url,
  OPENSWML_STORAGE_S3_BUCKET: BUCKET,
  OPENSWML_STORAGE_S3_ACCESS_KEY_ID: ACCESS_KEY.id,
  OPENSWML_STORAGE_S3_SECRET_ACCESS_KEY: ACCESS_KEY.secret,
});

function open(change: Record<string, string | undefined> = {}): ObjectStore | undefined {
  const { config } = loadConfig({ env: { ...SETTINGS(), ...change }, cwd: '/' });
  const store = openObjectStore(config, { clock: new RealClock(), log: silentLogger });
  if (store !== undefined) opened.push(store);
  return store;
}

const client = (change: Record<string, string> = {}): S3Client => open(change)!.client;

function put(store: S3Client, bytes: Uint8Array): Promise<void> {
  return store.put(NAME, {
    length: bytes.length,
    async *open() {
      for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
    },
    contentType: 'audio/wav',
    md5: md5Of(bytes),
    sha256: sha256Of(bytes),
  });
}

async function collect(pieces: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

function fails(code: StorageErrorCode, message: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof StorageError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /Signature=|X-Amz-/);
    return true;
  };
}

describe('an object store', () => {
  test('takes an object, shows it, gives any part of it, and removes it', async () => {
    const store = client();
    assert.equal(await store.head(NAME), undefined);
    await put(store, BYTES);
    const { size, etag, md5, modifiedMs } = (await store.head(NAME))!;
    const sum = md5Of(BYTES).toString('hex');
    assert.deepEqual([size, etag, md5], [BYTES.length, sum, sum]);
    assert.ok(Math.abs(modifiedMs - Date.now()) < 60_000);
    assert.deepEqual(server.content(NAME), BYTES);
    for (const [start, end] of [
      [0, BYTES.length - 1],
      [100_000, 199_999],
      [7, 7],
    ] as const) {
      assert.deepEqual(await collect(store.get(NAME, { start, end })), BYTES.subarray(start, end + 1));
    }
    await store.remove(NAME);
    assert.equal(await store.head(NAME), undefined);
    await store.remove(NAME);
    await assert.rejects(
      collect(store.get(NAME, { start: 0, end: 9 })),
      fails('not_found', /no such object/),
    );
  });

  test('puts a prefix before the names, and takes names with any characters', async () => {
    const store = client({ OPENSWML_STORAGE_S3_PREFIX: 'pbx-1/' });
    await put(store, BYTES);
    assert.deepEqual(server.content(`pbx-1/${NAME}`), BYTES);
    assert.equal((await store.head(NAME))?.size, BYTES.length);
    await store.remove(NAME);
    assert.equal(await store.head('a b+c/ü&?.wav'), undefined);
  });

  test('has a tag that is no sum where it says so', async () => {
    const store = client();
    await put(store, BYTES);
    for (const [header, value] of [
      ['x-amz-server-side-encryption', 'aws:kms'],
      ['x-amz-server-side-encryption-customer-algorithm', 'AES256'],
    ] as const) {
      server.intercept = ({ res }) => {
        res.setHeader(header, value);
        return false;
      };
      assert.equal((await store.head(NAME))?.md5, undefined);
    }
    await store.remove(NAME);
  });

  test('that does not say how large an object is cannot be used, and that is told', async () => {
    const store = client();
    server.intercept = ({ method, res }) => {
      if (method !== 'HEAD') return false;
      res.statusCode = 200;
      res.end();
      return true;
    };
    const told = fails('unreachable', /HEAD without Content-Length; perhaps a proxy/);
    await assert.rejects(store.head(NAME), told);
  });

  test('makes links that work without credentials, name the file, and end', async () => {
    const store = client();
    await put(store, BYTES);
    const as = { contentType: 'audio/wav', disposition: 'inline; filename="a.wav"' };
    const link = await store.link(NAME, { ...as, seconds: 300 });
    const response = await fetch(link, { headers: { range: 'bytes=10-19' } });
    assert.equal(response.status, 206);
    assert.deepEqual(Buffer.from(await response.arrayBuffer()), BYTES.subarray(10, 20));
    assert.equal(response.headers.get('content-disposition'), as.disposition);
    assert.equal((await fetch(link.replace('a.wav', 'b.wav'))).status, 403);
    const files = new S3Files(store, { links: true, clock: new RealClock() });
    assert.match((await (await files.open(NAME))?.link?.(as)) ?? '', /^http:.*X-Amz-Expires=300/);
    assert.equal(
      (await new S3Files(store, { links: false, clock: new RealClock() }).open(NAME))?.link,
      undefined,
    );
    await store.remove(NAME);
  });
});

describe('a fault of the object store', () => {
  test('in the settings is told with the setting', async () => {
    const cases: [Record<string, string>, RegExp][] = [
      [
        { OPENSWML_STORAGE_S3_SECRET_ACCESS_KEY: 'wrong' },
        /secret_access_key \(recordings at .* SignatureDoesNotMatch\)/,
      ],
      [{ OPENSWML_STORAGE_S3_ACCESS_KEY_ID: 'nobody' }, /access_key_id .*InvalidAccessKeyId/],
      [{ OPENSWML_STORAGE_S3_BUCKET: 'no-such-bucket' }, /there is no such bucket: .*storage\.s3\.bucket/],
    ];
    for (const [change, message] of cases) {
      await assert.rejects(put(client(change), BYTES), fails('refused', message));
    }
    // HEAD has no document that says why.
    const wrong = client({ OPENSWML_STORAGE_S3_SECRET_ACCESS_KEY: 'wrong' });
    await assert.rejects(wrong.head(NAME), fails('refused', /check the keys of storage\.s3/));
  });

  test('that is a redirect is told with the settings that say where the bucket is', async () => {
    const store = client();
    server.intercept = (context) => {
      context.status = 307;
      context.res.setHeader('location', 'http://127.0.0.1:1/elsewhere');
      context.body = '<Error><Code>TemporaryRedirect</Code></Error>';
      return true;
    };
    await assert.rejects(
      put(store, BYTES),
      fails('refused', /check storage\.s3\.endpoint and storage\.s3\.region \(.* 307 TemporaryRedirect\)/),
    );
    await assert.rejects(store.head(NAME), fails('refused', /the bucket is elsewhere/));
  });

  test('that is the wrong region is told with the setting, also where the look at the object comes first', async () => {
    const store = client();
    server.intercept = (context) => {
      context.status = 400;
      if (context.method !== 'HEAD')
        context.body = '<Error><Code>AuthorizationHeaderMalformed</Code></Error>';
      return true;
    };
    const told = fails('refused', /check storage\.s3\.region .*400/);
    await assert.rejects(put(store, BYTES), told);
    await assert.rejects(store.head(NAME), told);
  });

  test('that may pass is told as that', async () => {
    const store = client();
    server.intercept = (context) => {
      context.status = 503;
      context.body = '<Error><Code>SlowDown</Code></Error>';
      return true;
    };
    await assert.rejects(
      put(store, BYTES),
      fails('unreachable', /does not do it now \(.* answered 503 SlowDown\)/),
    );
    await assert.rejects(store.head(NAME), fails('unreachable', /503/));
    const down = client({ OPENSWML_STORAGE_S3_ENDPOINT: 'http://127.0.0.1:1' });
    await assert.rejects(put(down, BYTES), fails('unreachable', /cannot be reached .*127\.0\.0\.1:1/));
  });

  test('in the middle of a download is an error of the stream, not the end of it', async () => {
    const store = client();
    await put(store, BYTES);
    server.intercept = (context) => {
      if (context.method !== 'GET') return false;
      context.respond = false;
      context.res.writeHead(206, { 'content-length': '1000' });
      context.res.write('half', () => context.res.destroy());
      return true;
    };
    await assert.rejects(
      collect(store.get(NAME, { start: 0, end: 999 })),
      fails('unreachable', /the download/),
    );
    server.intercept = () => false;
    await store.remove(NAME);
  });

  test('that sends a part of what was asked for is an error of the stream, too', async () => {
    const store = client();
    server.intercept = (context) => {
      context.status = 206;
      context.body = BYTES.subarray(0, 600);
      return true;
    };
    await assert.rejects(
      collect(store.get(NAME, { start: 0, end: 999 })),
      fails('unreachable', /the download: recordings at .* sent 600 of 1000 bytes/),
    );
  });

  test('stops an upload that is no longer wanted', async () => {
    const store = client();
    const abort = new AbortController();
    const sending = store.put(NAME, {
      length: BYTES.length,
      async *open() {
        yield BYTES.subarray(0, 65_536);
        abort.abort();
        yield BYTES.subarray(65_536);
      },
      contentType: 'audio/wav',
      md5: md5Of(BYTES),
      sha256: sha256Of(BYTES),
      signal: abort.signal,
    });
    await assert.rejects(sending, fails('unreachable', /no longer wanted/));
    assert.notEqual((await store.head(NAME))?.size, BYTES.length);
  });
});

describe('the settings of an object store', () => {
  test('name a whole one, or none', () => {
    const { config } = loadConfig({ env: {}, cwd: '/' });
    assert.equal(openObjectStore(config, { clock: new RealClock(), log: silentLogger }), undefined);
    assert.throws(
      () => open({ OPENSWML_STORAGE_S3_BUCKET: undefined, OPENSWML_STORAGE_S3_SECRET_ACCESS_KEY: undefined }),
      (error: unknown) =>
        error instanceof ConfigError &&
        /^storage\.s3\.bucket: expected a value.*\nstorage\.s3\.secret_access_key: expected a value/.test(
          error.message,
        ),
    );
  });

  test('may not put the bucket before a numeric address', () => {
    const inHost = (endpoint: string): ObjectStore | undefined =>
      open({ OPENSWML_STORAGE_S3_ENDPOINT: endpoint, OPENSWML_STORAGE_S3_ADDRESSING: 'host' });
    for (const endpoint of ['http://10.0.0.5:9000', 'http://[::1]:9000']) {
      assert.throws(
        () => inHost(endpoint),
        (error: unknown) =>
          error instanceof ConfigError &&
          /^storage\.s3\.addressing: expected path, since .* storage\.s3\.endpoint, found "host"$/.test(
            error.message,
          ),
      );
    }
    assert.ok(inHost('https://s3.example.com') !== undefined);
  });

  test('may name an endpoint below a path of its server', async () => {
    const store = client({ OPENSWML_STORAGE_S3_ENDPOINT: `${server.url}/storage/v1/s3/` });
    server.intercept = (context) => {
      context.status = 404;
      return true;
    };
    assert.equal(await store.head(NAME), undefined);
    assert.deepEqual(server.requests, [`HEAD /storage/v1/s3/${BUCKET}/${NAME}`]);
  });

  test('are refused where they cannot be right, without the secret', () => {
    for (const [name, value, message] of [
      ['ENDPOINT', 'minio:9000', /expected an http or https URL/],
      ['BUCKET', 'My Bucket', /3 to 63 small letters/],
      ['REGION', 'EU West', /name of a region/],
      ['PREFIX', '../x', /expected a path/],
      ['ADDRESSING', 'dns', /expected path or host/],
      ['SERVE', 'direct', /expected proxy or redirect/],
    ] as const) {
      assert.throws(() => open({ [`OPENSWML_STORAGE_S3_${name}`]: value }), message);
    }
  });
});
