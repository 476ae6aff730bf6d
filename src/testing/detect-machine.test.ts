import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MumblingVoice, virtualCall } from './index.ts';

test('detect_machine on a virtual call: a person, a greeting with its beep, nobody', async () => {
  const document = 'sections:\n  main:\n    - detect_machine: {detect_message_end: true}\n';
  const voice = new MumblingVoice();
  const person = await virtualCall({ document, voice });
  await person.caller.says('Hello?');
  await person.ends();
  assert.equal(person.vars['detect_result'], 'human');

  const nobody = await virtualCall({ document, voice });
  await nobody.ends();
  assert.deepEqual([nobody.vars['detect_result'], nobody.vars['detect_ms']], ['unknown', 4500]);

  const machine = await virtualCall({ document, voice });
  await machine.caller.says('You have reached the office of nobody in particular. Please leave a message.');
  await machine.ends();
  assert.deepEqual([machine.vars['detect_result'], machine.vars['detect_machine_beep']], ['machine', false]);
});
