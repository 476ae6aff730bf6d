import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { INVITE_CLIENT } from './invite-client.ts';
import { INVITE_SERVER } from './invite-server.ts';
import { type Effect, step, type Table } from './machine.ts';
import { NON_INVITE_CLIENT } from './non-invite-client.ts';
import { NON_INVITE_SERVER } from './non-invite-server.ts';

type AnyTable = Table<string, string>;

/** Every transition that does something, as the figures of the RFCs draw them; all other pairs are ignored. */
const MACHINES: readonly { name: string; table: AnyTable; transitions: readonly string[] }[] = [
  {
    name: 'INVITE client',
    table: INVITE_CLIENT,
    transitions: [
      'idle + start -> calling: start A, start B, send',
      'calling + timerA -> calling: backOff A, send',
      'calling + timerB -> terminated: report timeout',
      'calling + transportError -> terminated: report transport',
      'calling + provisional -> proceeding: stop A, stop B, deliver',
      'calling + success -> accepted: stop A, stop B, start M, deliver',
      'calling + failure -> completed: stop A, stop B, acknowledge, deliver, start D',
      'proceeding + provisional -> proceeding: deliver',
      'proceeding + success -> accepted: start M, deliver',
      'proceeding + failure -> completed: acknowledge, deliver, start D',
      'completed + failure -> completed: acknowledge',
      'completed + timerD -> terminated: ',
      'completed + transportError -> terminated: report transport',
      'accepted + success -> accepted: deliver',
      'accepted + timerM -> terminated: ',
    ],
  },
  {
    name: 'INVITE server',
    table: INVITE_SERVER,
    transitions: [
      'idle + request -> proceeding: start Trying, deliver',
      'proceeding + request -> proceeding: send',
      'proceeding + timerTrying -> proceeding: sendTrying',
      'proceeding + provisional -> proceeding: stop Trying, send',
      'proceeding + success -> accepted: stop Trying, start L, send',
      'proceeding + failure -> completed: stop Trying, start G, start H, send',
      'proceeding + transportError -> proceeding: report transport',
      'completed + request -> completed: send',
      'completed + timerG -> completed: backOff G, send',
      'completed + timerH -> terminated: report timeout',
      'completed + transportError -> completed: report transport',
      'completed + ack -> confirmed: stop G, stop H, start I',
      'confirmed + timerI -> terminated: ',
      'accepted + ack -> accepted: deliver',
      'accepted + success -> accepted: send',
      'accepted + transportError -> accepted: report transport',
      'accepted + timerL -> terminated: ',
    ],
  },
  {
    name: 'non-INVITE client',
    table: NON_INVITE_CLIENT,
    transitions: [
      'idle + start -> trying: start E, start F, send',
      'trying + timerE -> trying: backOff E, send',
      'trying + timerF -> terminated: report timeout',
      'trying + transportError -> terminated: report transport',
      'trying + provisional -> proceeding: deliver',
      'trying + final -> completed: stop E, stop F, deliver, start K',
      'proceeding + timerE -> proceeding: slowDown E, send',
      'proceeding + timerF -> terminated: report timeout',
      'proceeding + transportError -> terminated: report transport',
      'proceeding + provisional -> proceeding: deliver',
      'proceeding + final -> completed: stop E, stop F, deliver, start K',
      'completed + timerK -> terminated: ',
    ],
  },
  {
    name: 'non-INVITE server',
    table: NON_INVITE_SERVER,
    transitions: [
      'idle + request -> trying: deliver',
      'trying + provisional -> proceeding: send',
      'trying + final -> completed: send, start J',
      'proceeding + request -> proceeding: send',
      'proceeding + provisional -> proceeding: send',
      'proceeding + final -> completed: send, start J',
      'proceeding + transportError -> terminated: report transport',
      'completed + request -> completed: send',
      'completed + timerJ -> terminated: ',
      'completed + transportError -> terminated: report transport',
    ],
  },
];

for (const { name, table, transitions } of MACHINES) {
  test(`${name}: every state × input pair does what the RFC's figure shows, and all others nothing`, () => {
    const expected = new Map(transitions.map((row) => [row.split(' -> ')[0]!, row]));
    assert.equal(expected.size, transitions.length);
    let pairs = 0;
    for (const state of Object.keys(table)) {
      for (const input of Object.keys(table[state]!)) {
        const result = step(table, state, input);
        const row = expected.get(`${state} + ${input}`);
        expected.delete(`${state} + ${input}`);
        if (row === undefined) {
          assert.deepEqual(result, { state, effects: [] }, `${state} + ${input}`);
        } else {
          const effects = result.effects.map(describe).join(', ');
          assert.equal(`${state} + ${input} -> ${result.state}: ${effects}`, row);
        }
        pairs++;
      }
    }
    assert.equal(expected.size, 0, `no such pair: ${[...expected.keys()]}`);
    assert.equal(pairs, Object.keys(table).length * Object.keys(table['idle']!).length);
  });

  test(`${name}: a step changes neither the table nor anything else`, () => {
    const before = JSON.stringify(table);
    for (const state of Object.keys(table)) {
      for (const input of Object.keys(table[state]!)) step(table, state, input);
    }
    assert.equal(JSON.stringify(table), before);
  });

  test(`${name}: whatever comes, no timer is started while it already runs`, () => {
    const inputs = Object.keys(table['idle']!);
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...inputs), { maxLength: 60 }), (sequence) => {
        let state = 'idle';
        const running = new Set<string>();
        for (const input of sequence) {
          const timer = /^timer(\w+)$/.exec(input)?.[1];
          if (timer !== undefined && !running.delete(timer)) continue;
          const result = step(table, state, input);
          for (const effect of result.effects) {
            if (effect.do === 'stop') running.delete(effect.timer);
            if (effect.do === 'start' || effect.do === 'backOff' || effect.do === 'slowDown') {
              assert.ok(!running.has(effect.timer), `${state} + ${input} starts ${effect.timer} twice`);
              running.add(effect.timer);
            }
          }
          state = result.state;
        }
      }),
      { numRuns: 500 },
    );
  });
}

function describe(effect: Effect): string {
  if ('timer' in effect) return `${effect.do} ${effect.timer}`;
  if ('failure' in effect) return `${effect.do} ${effect.failure}`;
  return effect.do;
}
