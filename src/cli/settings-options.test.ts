import assert from 'node:assert/strict';
import test from 'node:test';

import { Command } from 'commander';

import { NAMED_KEYS } from '../server/config-keys.ts';
import { addSettingsOptions, type OptionValues, settingsOf } from './settings-options.ts';

function parse(...args: readonly string[]): Record<string, unknown> {
  const command = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  addSettingsOptions(command);
  command.parse(args, { from: 'user' });
  return settingsOf(command.opts<OptionValues>());
}

test('Every setting can be given by its own flag; secrets cannot', () => {
  for (const { name, flag, secret } of NAMED_KEYS) {
    if (flag === undefined) {
      assert.equal(secret, true, name);
      continue;
    }
    const value = name === 'log.level' ? 'debug' : 'value';
    assert.deepEqual(parse(flag, value), { [name]: value });
  }
});

test('Short options stand for settings: one SIP address is both transports', () => {
  assert.deepEqual(
    parse('--sip', '192.0.2.1:5070', '--http', '8081', '--data', 'd', '--log', 'json', '--allow', 'a,b'),
    {
      'sip.listen': ['udp://192.0.2.1:5070', 'tcp://192.0.2.1:5070'],
      'http.listen': '0.0.0.0:8081',
      data_dir: 'd',
      'log.format': 'json',
      'network.allow': 'a,b',
    },
  );
  assert.deepEqual(parse('--sip', '[::1]'), { 'sip.listen': ['udp://[::1]:5060', 'tcp://[::1]:5060'] });
});

test('Nothing given is nothing set', () => {
  assert.deepEqual(parse(), {});
});
