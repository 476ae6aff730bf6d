import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { type ConfigInputs, describeConfig, type LoadedConfig, loadConfig } from './config.ts';
import { ConfigError } from './config-error.ts';
import { NAMED_KEYS } from './config-keys.ts';

const DOCS = path.resolve(import.meta.dirname, '../../docs/configuration.md');
let cwd: string;

beforeEach(() => {
  cwd = mkdtempSync(path.join(os.tmpdir(), 'openswml-config-'));
});

afterEach(() => rmSync(cwd, { recursive: true, force: true }));

function load(inputs: Partial<ConfigInputs> & { yaml?: string } = {}): LoadedConfig {
  const { yaml, ...others } = inputs;
  if (yaml !== undefined) writeFileSync(path.join(cwd, 'openswml.yaml'), yaml);
  return loadConfig({ env: {}, cwd, ...others });
}

/** The lines of the error, with the folder taken out. */
function problems(inputs: Parameters<typeof load>[0]): string[] {
  try {
    load(inputs);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.message.replaceAll(`${cwd}${path.sep}`, '').split('\n');
  }
  return assert.fail('the configuration was accepted');
}

describe('the settings', () => {
  test('are complete without any file', () => {
    const { config, file, warnings } = load();
    assert.equal(file, undefined);
    assert.deepEqual(warnings, []);
    assert.deepEqual(config, {
      data_dir: path.join(cwd, 'data'),
      project_id: undefined,
      space_id: undefined,
      node_id: undefined,
      api_token: undefined,
      signing_key: undefined,
      link_key: undefined,
      protect_recordings: false,
      warm_up: true,
      dial: { gateway: undefined, username: undefined, password: undefined, from: undefined },
      document: { source: undefined, fallback: undefined, method: 'POST' },
      sip: {
        listen: [
          { protocol: 'udp', host: '0.0.0.0', port: 5060 },
          { protocol: 'tcp', host: '0.0.0.0', port: 5060 },
        ],
        advertised_address: undefined,
      },
      rtp: {
        bind: '0.0.0.0',
        ports: { min: 20_000, max: 29_999 },
        codecs: ['OPUS', 'G722', 'PCMU', 'PCMA'],
        conceal_loss: true,
        idle_media: 'silence',
        keepalive_seconds: 15,
        threads: 0,
        io: 'auto',
      },
      dtmf: { inband: 'auto' },
      http: { listen: { host: '0.0.0.0', port: 8080 }, public_url: undefined },
      limits: {
        max_calls: 2_000,
        setups_per_second: 0,
        max_recordings: 0,
        min_free_disk_mb: 100,
        refuse_when_overloaded: true,
        setup_wait_ms: 2000,
        drain_seconds: 25,
        max_call_seconds: 14_400,
        max_recording_seconds: 14_400,
      },
      network: { allow: [], https_only: false },
      callbacks: {
        give_up_after_seconds: 86_400,
        concurrency: 16,
        per_receiver: 4,
        script_warning_url: undefined,
      },
      metrics: { open: false },
      recording: {
        mp3: { mono_kbps: undefined, stereo_kbps: undefined },
        mp4: { mono_kbps: undefined, stereo_kbps: undefined },
        mask_dtmf: false,
        consent_variable: undefined,
        encryption: { key_file: undefined, key: undefined, previous_key_files: [] },
        retention: { max_age_days: undefined, max_count: undefined, max_mb: undefined },
        audit: { keep_days: 365 },
      },
      sounds: { cache_mb: 64, disk_mb: 512, max_mb: 256, max_seconds: 14_400 },
      speech: {
        synthesis: {
          url: undefined,
          api_key: undefined,
          model: 'tts-1',
          voices: [],
          female_voice: 'nova',
          male_voice: 'onyx',
          voice_map: [],
          cache_mb: 64,
          disk_mb: 512,
        },
        recognition: { url: undefined, api_key: undefined, model: 'whisper-1', streaming: 'auto' },
      },
      storage: {
        synchronous: 'normal',
        s3: {
          endpoint: undefined,
          region: 'us-east-1',
          bucket: undefined,
          prefix: undefined,
          access_key_id: undefined,
          secret_access_key: undefined,
          addressing: 'path',
          serve: 'proxy',
        },
      },
      trace: { dir: undefined, audio: true, keep_days: 7 },
      log: { level: 'info', format: 'auto' },
    });
  });

  test('of the file go over the defaults, those of the environment over these, flags over all', () => {
    const inputs = { yaml: 'limits:\n  max_calls: 1\n  max_call_seconds: 1\n  max_recording_seconds: 1\n' };
    const env = { OPENSWML_LIMITS_MAX_CALL_SECONDS: '2', OPENSWML_LIMITS_MAX_RECORDING_SECONDS: '2' };
    const flags = { 'limits.max_recording_seconds': '3' };
    const { config, origins } = load({ ...inputs, env, flags });
    const { max_calls, max_call_seconds, max_recording_seconds } = config.limits;
    assert.deepEqual([max_calls, max_call_seconds, max_recording_seconds], [1, 2, 3]);
    const sources = ['max_calls', 'max_call_seconds', 'max_recording_seconds'].map(
      (name) => origins.get(`limits.${name}`)?.source,
    );
    assert.deepEqual(sources, [
      `${path.join(cwd, 'openswml.yaml')}:2:14`,
      'OPENSWML_LIMITS_MAX_CALL_SECONDS',
      '--limits-max-recording-seconds',
    ]);
  });

  test('stand in groups within groups, in the file, the environment and the flags', () => {
    const yaml = 'recording:\n  encryption:\n    key_file: keys/a\n    previous_key_files: [b, /etc/c]\n';
    const { encryption } = load({ yaml }).config.recording;
    assert.equal(encryption.key_file, path.join(cwd, 'keys/a'));
    assert.deepEqual(encryption.previous_key_files, [path.join(cwd, 'b'), '/etc/c']);
    const env = { OPENSWML_RECORDING_ENCRYPTION_KEY_FILE: 'd' };
    assert.equal(load({ env }).config.recording.encryption.key_file, path.join(cwd, 'd'));
    assert.deepEqual(problems({ yaml: 'recording:\n  encryption:\n    key_flie: a\n' }), [
      'openswml.yaml:3:5: "recording.encryption.key_flie" is not a setting; did you mean "recording.encryption.key_file"?',
    ]);
  });

  test('come from the file that is named, by flag before variable before the usual name', () => {
    for (const name of ['openswml.yaml', 'variable.yaml', 'flag.yaml']) {
      writeFileSync(path.join(cwd, name), `signing_key: from-${name}`);
    }
    const env = { OPENSWML_CONFIG: 'variable.yaml' };
    assert.equal(load().config.signing_key, 'from-openswml.yaml');
    assert.equal(load({ env }).config.signing_key, 'from-variable.yaml');
    assert.equal(load({ env, file: 'flag.yaml' }).config.signing_key, 'from-flag.yaml');
    assert.equal(load({ env: { OPENSWML_CONFIG: '' } }).config.signing_key, 'from-openswml.yaml');
  });

  test('as text become numbers, booleans and lists', () => {
    const { config } = load({
      env: {
        OPENSWML_LIMITS_MAX_CALLS: ' 7 ',
        OPENSWML_PROTECT_RECORDINGS: 'Yes',
        OPENSWML_NETWORK_HTTPS_ONLY: '0',
        OPENSWML_NETWORK_ALLOW: '10.0.0.0/8, localhost:3000',
        OPENSWML_SIP_LISTEN: 'UDP://[::1]:5080,tcp://127.0.0.1',
        OPENSWML_LOG_LEVEL: '',
      },
    });
    assert.equal(config.limits.max_calls, 7);
    assert.equal(config.protect_recordings, true);
    assert.equal(config.network.https_only, false);
    assert.deepEqual(config.network.allow, ['10.0.0.0/8', 'localhost:3000']);
    assert.deepEqual(config.sip.listen, [
      { protocol: 'udp', host: '::1', port: 5080 },
      { protocol: 'tcp', host: '127.0.0.1', port: 5060 },
    ]);
    assert.equal(config.log.level, 'info', 'an empty variable is not set');
  });

  test('that are paths count from the folder of their file, else from the working directory', () => {
    mkdirSync(path.join(cwd, 'etc'));
    writeFileSync(path.join(cwd, 'etc', 'c.yaml'), 'data_dir: store\ndocument: {source: a.yaml}');
    const { config } = load({ file: 'etc/c.yaml', flags: { 'document.fallback': 'b.yaml' } });
    assert.equal(config.data_dir, path.join(cwd, 'etc', 'store'));
    assert.equal(config.document.source, path.join(cwd, 'etc', 'a.yaml'));
    assert.equal(config.document.fallback, path.join(cwd, 'b.yaml'));
    const url = 'https://user:pass@app.example.com/voice';
    assert.equal(load({ flags: { 'document.source': url } }).config.document.source, url);
  });

  test('left empty in the file keep their defaults', () => {
    const { config } = load({ yaml: 'http:\nsip:\n  listen:\nlog: ~\n# nothing\n' });
    assert.equal(config.http.listen.port, 8080);
    assert.equal(config.sip.listen.length, 2);
    assert.doesNotThrow(() => load({ yaml: '' }));
    assert.doesNotThrow(() => load({ yaml: '# nothing\n' }));
  });

  test('lose the slash at the end of the public URL', () => {
    const { config } = load({ flags: { 'http.public_url': 'https://pbx.example.com/voice/' } });
    assert.equal(config.http.public_url, 'https://pbx.example.com/voice');
  });
});

describe('mistakes', () => {
  test('are reported all at once, each with its place', () => {
    assert.deepEqual(
      problems({
        yaml: 'rtp:\n  ports: 5-1\n  idle_media: noise\nlimits: {max_calls: many}\n',
        env: { OPENSWML_LIMITS_MAX_CALL_SECONDS: '0' },
        flags: { 'http.listen': '8080' },
      }).sort(),
      [
        '--http-listen: http.listen: expected an address and a port such as 0.0.0.0:8080 or [::]:8080, found "8080"',
        'OPENSWML_LIMITS_MAX_CALL_SECONDS: limits.max_call_seconds: expected a whole number from 1 to 604800, found 0',
        'openswml.yaml:2:10: rtp.ports: expected a range of ports from 1024 to 65535 such as 20000-29999, found "5-1"',
        'openswml.yaml:3:15: rtp.idle_media: expected silence, keepalive or none, found "noise"',
        'openswml.yaml:4:21: limits.max_calls: expected a whole number from 1 to 100000, found "many"',
      ],
    );
  });

  test('in names come with the name that was probably meant', () => {
    assert.match(problems({ flags: { 'http.listn': 'x' } })[0] ?? '', /did you mean "http.listen"/);
    for (const [yaml, expected] of [
      [
        'http: {public_ulr: x}',
        'openswml.yaml:1:8: "http.public_ulr" is not a setting; did you mean "http.public_url"?',
      ],
      ['htpt: {}', 'openswml.yaml:1:1: "htpt" is not a setting; did you mean "http"?'],
      ['public_url: x', 'openswml.yaml:1:1: "public_url" is not a setting; did you mean "http.public_url"?'],
      [
        'listen: x',
        'openswml.yaml:1:1: "listen" is not a setting; did you mean "sip.listen" or "http.listen"?',
      ],
      ['zzzzzzz: 1', 'openswml.yaml:1:1: "zzzzzzz" is not a setting'],
    ] as const) {
      assert.deepEqual(problems({ yaml }), [expected]);
    }
  });

  test('in the shape of the file have line and column', () => {
    for (const [yaml, expected] of [
      ['- a\n- b', /^openswml\.yaml:1:1: expected settings by name/],
      ['hello', /^openswml\.yaml:1:1: expected settings by name/],
      ['http: 8080', /^openswml\.yaml:1:7: http: expected settings by name below it, such as http\.listen/],
      ['data_dir: a\ndata_dir: b', /^openswml\.yaml:2:1: Map keys must be unique/],
      [
        'http.listen: 127.0.0.1:8080\nhttp: {listen: "0.0.0.0:80"}',
        /^openswml\.yaml:2:8: http\.listen is given twice, also at .*openswml\.yaml:1:14$/,
      ],
      ['\ufeffdata_dir: 5', /^openswml\.yaml:1:11: data_dir/],
      ['a: [1', /^openswml\.yaml:1:\d: /],
      ['api_token: !env TOKEN', /^openswml\.yaml:1:12: Unresolved tag: !env; settings take no tags/],
      ['data_dir: a\n---\ndata_dir: b', /^openswml\.yaml:2:1: the file holds more than one YAML document/],
      ['data_dir: [a]', /^openswml\.yaml:1:11: data_dir: expected text, found \["a"\]/],
      ['data_dir: 5', /^openswml\.yaml:1:11: data_dir: expected text \(put it in quotes\), found 5/],
      ['project_id: 5', /project_id: expected a UUID such as .*, found 5/],
      ['protect_recordings: "yes"', /protect_recordings: expected true or false, found "yes"/],
      ['sip: {listen: "udp://0.0.0.0"}', /sip\.listen: expected a list, found "udp/],
      ['sip: {listen: []}', /sip\.listen: expected at least one address/],
      [
        'sip: {listen: [udp://a, tls://b]}',
        /sip\.listen: entry 2: expected a transport .*, found "tls:\/\/b"/,
      ],
      ['network: {allow: [10.0.0.0/99]}', /network\.allow: entry 1: .*10\.0\.0\.0\/99/],
      [
        'http: {listen: *:8080}',
        /^openswml\.yaml:1:16: http\.listen: Unresolved alias .* :8080; .* needs quotes/,
      ],
      ['network: {allow: [*.example.com]}', /^openswml\.yaml:1:18: network\.allow: Unresolved alias/],
    ] as const) {
      assert.match(problems({ yaml })[0] ?? '', expected, yaml);
    }
  });

  test('in values name what is expected', () => {
    for (const [name, value, expected] of [
      ['http.listen', '0.0.0.0:99999', /address and a port/],
      ['http.listen', 'a b:80', /address and a port/],
      ['http.public_url', 'pbx.example.com', /http or https URL/],
      ['http.public_url', 'https://a:b@pbx.example.com', /without query and credentials/],
      ['rtp.bind', '0.0.0.0:5', /without a port/],
      ['rtp.bind', 'inside.example', /an address such as 0\.0\.0\.0 or ::/],
      ['http.public_url', 'https://pbx.example.com/?', /without query and credentials/],
      ['rtp.ports', '80-90', /from 1024/],
      ['rtp.ports', '20001-20002', /an even port and the odd one above it/],
      ['document.source', 'http://app.example.com:80800/voice', /a path, or a URL/],
      ['callbacks.script_warning_url', 'https://app.example.com:80800/', /http or https URL/],
      ['sip.listen', 'udp://0.0.0.0:70000', /entry 1: expected a transport/],
      ['dial.from', 'sip:sales@', /a number or a SIP URI/],
      ['limits.max_calls', '1.5', /whole number/],
      ['callbacks.concurrency', '-1', /1 to 1000/],
      ['log.level', 'loud', /trace, debug, info/],
      ['storage.synchronous', 'off', /normal or full/],
    ] as const) {
      assert.match(problems({ flags: { [name]: value } })[0] ?? '', expected, `${name} ${value}`);
    }
  });

  test('of folders are told where traces would lie among what has another owner', () => {
    for (const dir of ['data/recordings', 'data/recordings/traces', 'data/cache/speech']) {
      assert.deepEqual(problems({ yaml: `data_dir: data\ntrace: {dir: ${dir}}` }), [
        `openswml.yaml:2:14: trace.dir: expected a folder that is not in recordings or cache of data_dir, found "${dir}"`,
      ]);
    }
    for (const dir of ['data', 'data/traces', 'data/recordings-traces', 'recordings']) {
      const { config } = load({ yaml: `data_dir: data\ntrace: {dir: ${dir}}` });
      assert.equal(config.trace.dir, path.join(cwd, dir));
    }
  });

  test('never show a secret', () => {
    const [token, key] = problems({
      env: { OPENSWML_API_TOKEN: 'short', OPENSWML_SIGNING_KEY: 'a secret with spaces' },
    });
    assert.equal(token, 'OPENSWML_API_TOKEN: api_token: expected at least 8 characters');
    assert.equal(
      key,
      'OPENSWML_SIGNING_KEY: signing_key: expected printable ASCII characters without spaces',
    );
    const [url] = problems({ flags: { 'http.public_url': 'https://user:hunter2@x/' } });
    assert.doesNotMatch(url ?? '', /hunter2/);
  });

  test('a file that cannot be read is named', () => {
    assert.match(
      problems({ file: 'absent.yaml' })[0] ?? '',
      /^absent\.yaml: the configuration file cannot be read: ENOENT/,
    );
    writeFileSync(path.join(cwd, 'large.yaml'), `# ${'x'.repeat(1_100_000)}`);
    assert.match(problems({ file: 'large.yaml' })[0] ?? '', /larger than 1 MB/);
  });

  test('in variables are warnings, since others may use the prefix too', () => {
    const { warnings } = load({ env: { OPENSWML_HTTP_LISTN: 'x', OPENSWML_QQQQQQQQQ: 'x', PATH: 'x' } });
    assert.deepEqual(warnings, [
      'OPENSWML_HTTP_LISTN is not a setting and is ignored; did you mean OPENSWML_HTTP_LISTEN?',
      'OPENSWML_QQQQQQQQQ is not a setting and is ignored',
    ]);
  });
});

describe('listening over IPv6', () => {
  const listening = (others: Record<string, string> = {}): readonly string[] =>
    load({ flags: { 'sip.listen': 'udp://0.0.0.0:5060,udp://[::]:5070', ...others } }).warnings;

  test('without audio over IPv6 is a warning', () => {
    assert.deepEqual(listening(), [
      'calls over IPv6 (sip.listen: udp://[::]:5070) have no sound, since rtp.bind is 0.0.0.0; set it to ::, which receives IPv4 as well',
    ]);
  });

  test('with audio over IPv6, or with one address for all audio, is none', () => {
    assert.deepEqual(listening({ 'rtp.bind': '::' }), []);
    assert.deepEqual(listening({ 'rtp.bind': '10.0.0.5' }), []);
    assert.deepEqual(listening({ 'sip.advertised_address': '203.0.113.7' }), []);
  });
});

describe('a document that no call could get', () => {
  const asking = (source: string, others: Record<string, string> = {}): readonly string[] =>
    load({ flags: { 'document.source': source, ...others } }).warnings;

  test('since its address is private is a warning that names what opens it', () => {
    assert.deepEqual(asking('http://user:secret@localhost:3000/voice'), [
      'document.source: localhost (127.0.0.1) is refused: address range "loopback" is not open to outgoing requests; ' +
        'if it is meant, add "localhost:3000" to the allowed addresses (network.allow)',
    ]);
    assert.match(asking('https://10.1.2.3/voice')[0] ?? '', /"private".* add "10\.1\.2\.3:443" /);
    const fallback = asking('voice.yaml', { 'document.fallback': 'http://127.0.0.1/sorry' });
    assert.match(fallback.join(), /^document\.fallback: 127\.0\.0\.1 is refused/);
  });

  test('since it is asked for by plain http is one, where that is refused', () => {
    assert.deepEqual(asking('http://user:secret@app.example.com/voice', { 'network.https_only': 'true' }), [
      'document.source: http://app.example.com/voice is plain http, which network.https_only refuses',
    ]);
  });

  test('is none that is a file, public, allowed, or has a name that is looked up later', () => {
    assert.deepEqual(asking('voice.yaml'), []);
    assert.deepEqual(asking('https://app.example.com/voice'), []);
    assert.deepEqual(asking('http://localhost:3000/voice', { 'network.allow': 'localhost:3000' }), []);
    assert.deepEqual(asking('http://127.0.0.1:3000/voice', { 'network.allow': '127.0.0.1' }), []);
  });
});

describe('the print-out', () => {
  test('shows each setting with its origin, secrets masked', () => {
    const printed = describeConfig(
      load({
        yaml: 'signing_key: PSK_very_secret\nrtp: {ports: 30000-30100}',
        flags: { 'document.source': 'https://user:hunter2@app.example.com/voice' },
      }),
    );
    assert.equal(printed.trimEnd().split('\n').length, NAMED_KEYS.length);
    assert.match(printed, /^signing_key: \*{8} +# .*openswml\.yaml:1:14$/m);
    assert.match(printed, /^api_token: \(not set\) +# default$/m);
    assert.match(printed, /^rtp\.ports: 30000-30100 +# .*openswml\.yaml:2:14$/m);
    assert.match(
      printed,
      /^sip\.listen: \["udp:\/\/0\.0\.0\.0:5060","tcp:\/\/0\.0\.0\.0:5060"\] +# default$/m,
    );
    assert.match(printed, /^document\.source: https:\/\/app\.example\.com\/voice +# --document-source$/m);
    assert.doesNotMatch(printed, /PSK|hunter2/);
  });
});

describe('the list of settings', () => {
  test('has names that lead to one variable and one flag each, and no flag for secrets', () => {
    assert.equal(new Set(NAMED_KEYS.map(({ env }) => env)).size, NAMED_KEYS.length);
    const flags = NAMED_KEYS.flatMap(({ flag }) => flag ?? []);
    assert.equal(new Set(flags).size, flags.length);
    const withoutFlag = NAMED_KEYS.filter(({ flag }) => flag === undefined).map(({ name }) => name);
    assert.deepEqual(withoutFlag, [
      'api_token',
      'signing_key',
      'link_key',
      'dial.password',
      'recording.encryption.key',
      'speech.synthesis.api_key',
      'speech.recognition.api_key',
      'storage.s3.secret_access_key',
    ]);
  });

  test('is the list of docs/configuration.md, in the same order, with the same defaults', () => {
    const docs = readFileSync(DOCS, 'utf8');
    const sections = docs.split(/^### /m).slice(1);
    const documented = sections.flatMap((section) => [
      ...(section.split('\n')[0] ?? '').matchAll(/`([^`]+)`/g),
    ]);
    assert.deepEqual(
      documented.map(([, name]) => name),
      NAMED_KEYS.map(({ name }) => name),
    );
    for (const key of NAMED_KEYS) {
      if (key.default === undefined || (Array.isArray(key.default) && key.default.length === 0)) continue;
      const section = sections.find((each) => each.split('\n')[0]?.includes(`\`${key.name}\``));
      const shown = Array.isArray(key.default) ? key.default.join(', ') : String(key.default);
      assert.ok(section?.includes(`Default \`${shown}\``), `default of ${key.name}`);
    }
  });
});
