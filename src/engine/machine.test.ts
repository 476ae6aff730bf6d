import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Block, Step, SwmlDocument } from '../swml/document.ts';
import { START } from '../swml/position.ts';
import {
  type Action,
  advance,
  apply,
  type Input,
  type MachineState,
  MAX_FRAMES,
  MAX_TRANSFERS,
  startState,
  type Transition,
} from './machine.ts';

/** Steps named by letters; `label:x` is a label. */
function block(...names: string[]): Block {
  return names.map((name): Step => {
    const [method = '', label] = name.split(':');
    return { method, params: label ?? null, path: [name], position: START };
  });
}

const DOCUMENT: SwmlDocument = {
  kind: 'calling',
  file: undefined,
  text: '',
  sections: new Map([
    ['main', block('a', 'label:l', 'b', 'c')],
    ['other', block('x', 'y')],
  ]),
  blocks: new WeakMap(),
  usesExpressions: false,
};

const ENTER: Input = {
  kind: 'enter',
  step: DOCUMENT.sections.get('main')![2]!,
  document: DOCUMENT,
  section: 'other',
  params: { n: 1 },
};

function state(transition: Transition): MachineState {
  assert.ok('state' in transition, 'the input was refused');
  return transition.state;
}

function name(action: Action): string {
  return action.kind === 'step' ? action.step.path.join('') : action.kind;
}

/** Names of what is done from here to the end. */
function rest(from: MachineState): string[] {
  const names: string[] = [];
  let current = from;
  for (let count = 0; count < 50; count++) {
    const next = advance(current);
    names.push(name(next.action));
    current = next.state;
    if (next.action.kind === 'end') return names;
  }
  return assert.fail('no end');
}

function after(count: number, from = startState(DOCUMENT, 'main', {})): MachineState {
  let current = from;
  for (let index = 0; index < count; index++) current = advance(current).state;
  return current;
}

function goto(label: string, more: Partial<Extract<Input, { kind: 'goto' }>> = {}): Input {
  return {
    kind: 'goto',
    step: DOCUMENT.sections.get('main')![3]!,
    label,
    max: 1,
    exhausted: 'next',
    ...more,
  };
}

test('steps come in their order, then the end, which stays', () => {
  assert.deepEqual(rest(after(0)), ['a', 'label:l', 'b', 'c', 'end']);
  assert.equal(advance({ frames: [], transfers: 0 }).action.kind, 'end');
});

test('a transition leaves the state that it started from as it was', () => {
  const before = after(1);
  state(apply(before, { kind: 'block', block: block('p') }));
  state(apply(before, ENTER));
  assert.deepEqual(rest(before), ['label:l', 'b', 'c', 'end']);
});

test('flow.md model, block: runs before what follows its step, empty ones not at all', () => {
  const nested = state(apply(after(1), { kind: 'block', block: block('p', 'q') }));
  assert.deepEqual(rest(nested), ['p', 'q', 'label:l', 'b', 'c', 'end']);
  assert.deepEqual(rest(state(apply(after(1), { kind: 'block', block: [] }))), ['label:l', 'b', 'c', 'end']);
});

test('a section that was entered comes back; its own end returns nothing', () => {
  const entered = state(apply(after(1), ENTER));
  assert.deepEqual(
    entered.frames.map((frame) => frame.params),
    [{}, { n: 1 }],
  );
  assert.deepEqual(rest(entered), ['x', 'y', 'returned', 'label:l', 'b', 'c', 'end']);
});

test('flow.md 3, order after return: on_return lies before the choice of result, and both before the next step', () => {
  const choice = { kind: 'cond', entries: [] } as const;
  const entered = state(apply(after(3), { ...ENTER, onReturn: block('r'), result: choice }));
  assert.deepEqual(rest(entered), ['x', 'y', 'returned', 'r', 'choice', 'c', 'end']);
});

test('flow.md 4, in an executed frame: the machine leaves it at any depth of blocks, with its value', () => {
  const inside = after(1, state(apply(after(1), ENTER)));
  const deep = state(apply(inside, { kind: 'block', block: block('p') }));
  const returned = apply(deep, { kind: 'return', value: 7 });
  assert.deepEqual('returned' in returned && returned.returned, { value: 7 });
  assert.deepEqual(rest(state(returned)), ['label:l', 'b', 'c', 'end']);
});

test('flow.md 4, without a caller: the machine returns to nobody', () => {
  const returned = apply(after(1), { kind: 'return', value: 7 });
  assert.equal('returned' in returned && returned.returned !== undefined, false);
  assert.deepEqual(rest(state(returned)), ['end']);
});

test('replace drops all sections and counts', () => {
  const replaced = state(apply(state(apply(after(1), ENTER)), { ...ENTER, kind: 'replace' } as Input));
  assert.deepEqual(rest(replaced), ['x', 'y', 'end']);
  assert.equal(replaced.transfers, 1);
});

test(`document.md 6, transfers: ${MAX_TRANSFERS} are allowed, one more is refused`, () => {
  let current = after(0);
  const replace = { ...ENTER, kind: 'replace' } as Input;
  for (let count = 0; count < MAX_TRANSFERS; count++) current = state(apply(current, replace));
  const refused = apply(current, replace);
  assert.equal('refusal' in refused && refused.refusal.fault, 'tooManyTransfers');
});

test(`document.md 6, nesting: ${MAX_FRAMES} sections inside the first are allowed, one more is refused`, () => {
  let current = after(0);
  for (let count = 0; count < MAX_FRAMES; count++) current = state(apply(current, ENTER));
  const refused = apply(current, ENTER);
  assert.equal('refusal' in refused && refused.refusal.fault, 'tooDeep');
});

test('goto continues behind its label, from a block too, and leaves the block', () => {
  assert.deepEqual(rest(state(apply(after(4), goto('l')))), ['b', 'c', 'end']);
  const nested = state(apply(after(4), { kind: 'block', block: block('p') }));
  assert.deepEqual(rest(state(apply(nested, goto('l')))), ['b', 'c', 'end']);
});

test('a label of the same block comes before that of the section; one in between is not seen', () => {
  const one = after(2, state(apply(after(1), { kind: 'block', block: block('p', 'label:l', 'q') })));
  assert.deepEqual(rest(state(apply(one, goto('l')))).slice(0, 2), ['q', 'label:l']);
  const middle = after(1, state(apply(after(1), { kind: 'block', block: block('p', 'label:m') })));
  const two = state(apply(middle, { kind: 'block', block: block('q') }));
  const refused = apply(two, goto('m'));
  assert.equal('refusal' in refused && refused.refusal.fault, 'unknownLabel');
});

test('when its jumps are used up, a goto goes on or ends the section', () => {
  const once = state(apply(after(4), goto('l')));
  assert.deepEqual(rest(state(apply(once, goto('l')))), ['b', 'c', 'end']);
  assert.deepEqual(rest(state(apply(once, goto('l', { exhausted: 'end-section' })))), ['end']);
});

test('jumps are counted for each goto and each activation of a section apart', () => {
  const once = state(apply(after(4), goto('l')));
  const other = { step: block('g')[0]! };
  assert.deepEqual(rest(state(apply(after(2, once), goto('l', other)))), ['b', 'c', 'end']);
  assert.equal(once.frames[0]?.jumps.size, 1);
  assert.equal(state(apply(once, ENTER)).frames[1]?.jumps.size, 0);
});

test('end ends everything', () => {
  assert.deepEqual(rest(state(apply(state(apply(after(1), ENTER)), { kind: 'end' }))), ['end']);
});

test('every input is ignored once the script is over', () => {
  const over: MachineState = { frames: [], transfers: 3 };
  const inputs: Input[] = [
    { kind: 'block', block: block('p') },
    goto('l'),
    ENTER,
    { ...ENTER, kind: 'replace' } as Input,
    { kind: 'return', value: 1 },
    { kind: 'end' },
  ];
  for (const input of inputs) assert.deepEqual(apply(over, input), { state: over }, input.kind);
});

test('the index of a step in a block is that of the step in the section that owns it', () => {
  const nested = advance(state(apply(after(3), { kind: 'block', block: block('p') })));
  assert.equal(nested.action.kind === 'step' && nested.action.index, 2);
});

test('the index of the step behind a block is its own', () => {
  const nested = state(apply(after(3), { kind: 'block', block: block('p', 'q') }));
  const behind = advance(after(2, nested)).action;
  assert.deepEqual([name(behind), behind.kind === 'step' && behind.index], ['c', 3]);
});
