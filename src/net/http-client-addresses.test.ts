import assert from 'node:assert/strict';
import net, { type TcpNetConnectOpts } from 'node:net';
import { before, describe, it } from 'node:test';
import { silentLogger } from '../log/logger.ts';
import { RealClock } from '../time/real-clock.ts';
import { type ResolvedAddress, type Resolver, sharedResolver } from './guarded-connector.ts';
import { HttpClient } from './http-client.ts';
import { client, closeAfterTests, failsWith, serve } from './http-fixtures.ts';

closeAfterTests();

describe('HTTP client: addresses', () => {
  let port = 0;
  let asked = 0;
  before(async () => {
    port = await serve((_, response) => {
      asked++;
      response.end('inside');
    });
  });

  for (const host of [
    '127.0.0.1',
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '127.1',
    '[::1]',
    '[::ffff:7f00:1]',
    '0.0.0.0',
    'name.test',
    'name.test.',
  ])
    it(`sends nothing to this machine by the name ${host}`, async () => {
      const resolve: Resolver = async () => [{ address: '127.0.0.1', family: 4 }];
      const guarded = client({ allow: [], resolve });
      await assert.rejects(
        guarded.fetch({ url: `http://${host}:${port}/` }),
        failsWith('refused_address', 'never'),
      );
      assert.equal(asked, 0);
    });

  it('sends nothing to localhost with the resolver of the system', async () => {
    // That resolver may take a while.
    const defaults = { timeouts: { connectMs: 10_000, totalMs: 60_000 } };
    const guarded = new HttpClient({ clock: new RealClock(), log: silentLogger, defaults });
    await assert.rejects(
      guarded.fetch({ url: `http://localhost:${port}/` }),
      failsWith('refused_address', 'never', /localhost \(.+\) is refused.*loopback/),
    );
    await guarded.close();
  });

  it('checks the address that is dialled, not the one a name had before', async () => {
    const answers = ['93.184.216.34', '127.0.0.1'];
    const asked: string[] = [];
    const resolve: Resolver = async (hostname) => {
      asked.push(hostname);
      return [{ address: answers.shift() ?? '127.0.0.1', family: 4 }];
    };
    // A name that was public when somebody looked it up, and is this machine when it is dialled.
    assert.equal((await resolve('rebind.test'))[0]?.address, '93.184.216.34');
    await assert.rejects(
      client({ allow: [], resolve }).fetch({ url: `http://rebind.test:${port}/` }),
      failsWith('refused_address', 'never', /rebind\.test \(127\.0\.0\.1\)/),
    );
    assert.equal(asked.length, 2);
  });

  it('dials only the public ones of several addresses', async () => {
    const resolve: Resolver = async () => [
      { address: '10.0.0.1', family: 4 },
      { address: '127.0.0.1', family: 4 },
    ];
    const reply = await client({ allow: ['127.0.0.1'], resolve }).fetch({
      url: `http://mixed.test:${port}/`,
    });
    assert.equal(reply.body.toString(), 'inside');
  });

  it('leaves each of several addresses the time that the way around the world and back takes', async (t) => {
    const connect = t.mock.method(net, 'connect');
    const resolve: Resolver = async () => [
      { address: '127.0.0.1', family: 4 },
      { address: '127.0.0.2', family: 4 },
    ];
    await client({ resolve }).fetch({ url: `http://several.test:${port}/` });
    const [options] = connect.mock.calls[0]!.arguments as unknown as [TcpNetConnectOpts];
    assert.ok((options.autoSelectFamilyAttemptTimeout ?? 0) >= 500);
  });

  it('reaches a name that is allowed, on the allowed port only', async () => {
    const allowed = client({ allow: [`intern.test:${port}`] });
    assert.equal((await allowed.fetch({ url: `http://intern.test:${port}/` })).body.toString(), 'inside');
    await assert.rejects(
      allowed.fetch({ url: `http://other.test:${port}/` }),
      failsWith('refused_address', 'never'),
    );
    const otherPort = await serve((_, response) => response.end());
    await assert.rejects(
      allowed.fetch({ url: `http://intern.test:${otherPort}/` }),
      failsWith('refused_address', 'never'),
    );
  });

  it('looks a name up once for all who ask meanwhile, and anew for who comes later', async () => {
    let lookup = Promise.withResolvers<readonly ResolvedAddress[]>();
    const lookups: string[] = [];
    const resolve = sharedResolver((hostname) => {
      lookups.push(hostname);
      return lookup.promise;
    });
    const both = [resolve('slow.test'), resolve('slow.test')];
    assert.deepEqual(lookups, ['slow.test']);
    const address = { address: '93.184.216.34', family: 4 };
    lookup.resolve([address]);
    assert.deepEqual(await Promise.all(both), [[address], [address]]);
    lookup = Promise.withResolvers();
    const failing = [resolve('slow.test'), resolve('slow.test')];
    assert.deepEqual(lookups, ['slow.test', 'slow.test']);
    lookup.reject(new Error('queryA ETIMEOUT'));
    for (const one of failing) await assert.rejects(one, /ETIMEOUT/);
    lookup = Promise.withResolvers();
    const later = [resolve('slow.test'), resolve('other.test')];
    assert.equal(lookups.length, 4);
    lookup.resolve([]);
    await Promise.all(later);
  });

  it('says that a name has no address', async () => {
    await assert.rejects(
      client().fetch({ url: 'http://nowhere.invalid/' }),
      failsWith('name_not_found', 'safe', /nowhere\.invalid/),
    );
    await assert.rejects(
      client({ resolve: async () => [] }).fetch({ url: 'http://empty.test/' }),
      failsWith('name_not_found', 'safe'),
    );
  });

  it('tells beforehand what it would refuse, without looking up names', () => {
    const guarded = client({
      allow: ['localhost:8080', '10.1.0.0/16'],
      resolve: () => assert.fail('a name was looked up'),
    });
    const code = (url: string): string | undefined => guarded.refusal(url)?.code;
    for (const url of [
      'http://127.0.0.1/',
      'http://[::1]:8080/',
      'http://2130706433/',
      'http://10.2.0.1/',
      'http://localhost/',
      'https://a.localhost/',
      'http://user:secret@192.168.0.1/',
    ]) {
      assert.equal(code(url), 'refused_address', url);
    }
    for (const url of [
      'http://localhost:8080/',
      'https://10.1.2.3/',
      'https://name.test/',
      'http://93.184.216.34/',
    ])
      assert.equal(code(url), undefined, url);
    // The system knows which of its addresses it is.
    assert.equal(client({ allow: ['[::1]:3000'] }).refusal('http://localhost:3000/'), undefined);
    assert.equal(code('ftp://name.test/'), 'invalid_url');
    const secure = client({ defaults: { httpsOnly: true } });
    assert.equal(secure.refusal('http://name.test/')?.code, 'https_required');
    assert.equal(secure.refusal('https://name.test/'), undefined);
  });
});
