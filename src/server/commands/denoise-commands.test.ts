import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CALL_ID, openCommands } from './command.test-helper.ts';

describe('calling.denoise', () => {
  test('answers when the filter is on; calling.denoise.stop ends it', async (t) => {
    const bench = openCommands(t);
    await bench.leg.answer();
    assert.equal((await bench.command('calling.denoise', {}))['id'], CALL_ID);
    await bench.command('calling.denoise.stop', {});
    assert.deepEqual(
      bench.host.sent('denoise').map(({ on }) => on),
      [true, false],
    );
  });

  test('a filter that cannot be had is an error of the server, with its reason', async (t) => {
    const bench = openCommands(t);
    await bench.leg.answer();
    bench.host.denoiseError = 'no memory';
    const { status, body } = await bench.refused({ command: 'calling.denoise', id: CALL_ID, params: {} });
    assert.equal(status, 500);
    assert.match(JSON.stringify(body), /noise filter cannot be had: no memory/);
  });

  test('a call that ends before the filter is on is not found', async (t) => {
    const bench = openCommands(t);
    await bench.leg.answer();
    const { send } = bench.host;
    bench.host.send = (command, urgent) => {
      if (command.type !== 'denoise') send.call(bench.host, command, urgent);
    };
    const refused = bench.refused({ command: 'calling.denoise', id: CALL_ID, params: {} });
    void bench.leg.hangup();
    assert.equal((await refused).status, 404);
  });

  test('one that crosses the end of an earlier one, which was turned off meanwhile, has its own outcome', async (t) => {
    const bench = openCommands(t);
    await bench.leg.answer();
    // The media side answers later: loading the filter takes a moment.
    const { send } = bench.host;
    const asked: (string | undefined)[] = [];
    bench.host.send = (command, urgent) => {
      if (command.type !== 'denoise') send.call(bench.host, command, urgent);
      else if (command.on) asked.push(command.denoiseId);
    };
    const first = bench.refused({ command: 'calling.denoise', id: CALL_ID, params: {} });
    await bench.command('calling.denoise.stop', {});
    const second = bench.command('calling.denoise', {});
    await bench.clock.settle();
    assert.equal(asked.length, 2);
    bench.emit({ type: 'denoised', denoiseId: asked[0], error: 'it was turned off before it was there' });
    bench.emit({ type: 'denoised', denoiseId: asked[1] });
    assert.equal((await first).status, 500);
    assert.equal((await second)['id'], CALL_ID);
  });

  test('a call that rings only is refused', async (t) => {
    const bench = openCommands(t);
    const { status } = await bench.refused({ command: 'calling.denoise', id: CALL_ID, params: {} });
    assert.equal(status, 422);
  });
});
