/**
 * Where a script stands, and where it goes: pure transitions over frames and blocks (spec/flow.md,
 * "Execution model"). Nothing here waits, reads a document or knows a method but `label`.
 */
import type { Block, Step, SwmlDocument } from '../swml/document.ts';
import type { Fault } from '../swml/error-codes.ts';
import type { JsonObject, JsonValue } from '../swml/json.ts';
import type { Choice } from '../methods/flow.ts';

/** One activation of a section. */
export interface Frame {
  readonly document: SwmlDocument;
  readonly section: string;
  readonly params: JsonObject;
  /** The section's own list first, the innermost last. */
  readonly cursors: readonly Cursor[];
  /** Jumps taken so far by each `goto` of this activation. */
  readonly jumps: ReadonlyMap<Step, number>;
}

/** A place in a list of steps, or a choice that is still to be made, with the step that it belongs to. */
export type Cursor =
  | { readonly kind: 'block'; readonly block: Block; readonly index: number }
  | { readonly kind: 'choice'; readonly choice: Choice; readonly step: Step };

export interface MachineState {
  /** The outermost first; empty when the script is over. */
  readonly frames: readonly Frame[];
  /** Transfers so far. */
  readonly transfers: number;
}

export type Action =
  | { readonly kind: 'step'; readonly step: Step; readonly frame: Frame; readonly index: number }
  | {
      readonly kind: 'choice';
      readonly choice: Choice;
      readonly step: Step;
      readonly frame: Frame;
      readonly index: number;
    }
  /** A section came back to its caller; `value` undefined when it returned nothing. */
  | { readonly kind: 'returned'; readonly value: JsonValue | undefined }
  | { readonly kind: 'end' };

export interface Advance {
  readonly state: MachineState;
  readonly action: Action;
}

export type Input =
  | { readonly kind: 'block'; readonly block: Block }
  | {
      readonly kind: 'goto';
      readonly step: Step;
      readonly label: string;
      readonly max: number;
      /** What follows the last jump: the next step, or the end of the section. */
      readonly exhausted: 'next' | 'end-section';
    }
  | {
      readonly kind: 'enter';
      /** The one that executes the section, and whose `result` is chosen from. */
      readonly step: Step;
      readonly document: SwmlDocument;
      readonly section: string;
      readonly params: JsonObject;
      readonly onReturn?: Block | undefined;
      readonly result?: Choice | undefined;
    }
  | {
      readonly kind: 'replace';
      readonly document: SwmlDocument;
      readonly section: string;
      readonly params: JsonObject;
    }
  | { readonly kind: 'return'; readonly value: JsonValue | undefined }
  | { readonly kind: 'end' };

/** An input that the limits or the document do not allow; the state stays as it was. */
export interface Refusal {
  readonly fault: Fault;
  readonly message: string;
}

export type Transition =
  | { readonly state: MachineState; readonly returned?: { readonly value: JsonValue | undefined } }
  | { readonly refusal: Refusal };

/** `execute` frames inside each other (spec/document.md 6). */
export const MAX_FRAMES = 32;
/** Transfers in a call (spec/document.md 6). */
export const MAX_TRANSFERS = 32;

/** Most activations take none. */
const NO_JUMPS: ReadonlyMap<Step, number> = new Map();

export function startState(document: SwmlDocument, section: string, params: JsonObject): MachineState {
  return { frames: [frameOf(document, section, params)], transfers: 0 };
}

/** Takes the next thing to do off the state. */
export function advance(state: MachineState): Advance {
  const frame = state.frames.at(-1);
  if (frame === undefined) return { state, action: { kind: 'end' } };
  const { cursors } = frame;
  // Lists that are through are left; the section's own list ends the activation.
  let top = cursors.length - 1;
  while (top > 0 && isThrough(cursors[top]!)) top--;
  const cursor = cursors[top]!;
  const below = cursors.slice(0, top);
  if (cursor.kind === 'choice') {
    const { choice, step } = cursor;
    return {
      state: withTop(state, { ...frame, cursors: below }),
      action: { kind: 'choice', choice, step, frame, index: sectionIndex(cursors, top) },
    };
  }
  const step = cursor.block[cursor.index];
  if (step === undefined) return leave(state, undefined);
  // By concat, as below: an array that is grown by spreading has room for 16 more, and every call keeps these.
  const after = { ...frame, cursors: below.concat({ ...cursor, index: cursor.index + 1 }) };
  return {
    state: withTop(state, after),
    action: { kind: 'step', step, frame: after, index: sectionIndex(cursors, top) },
  };
}

/** Goes where a step leads to. */
export function apply(state: MachineState, input: Input): Transition {
  const frame = state.frames.at(-1);
  if (frame === undefined) return { state };
  switch (input.kind) {
    case 'block':
      return { state: withTop(state, push(frame, { kind: 'block', block: input.block, index: 0 })) };
    case 'goto':
      return jump(state, frame, input);
    case 'enter':
      return enter(state, frame, input);
    case 'replace': {
      if (state.transfers >= MAX_TRANSFERS) {
        return {
          refusal: { fault: 'tooManyTransfers', message: `More than ${MAX_TRANSFERS} transfers in one call` },
        };
      }
      const { document, section, params } = input;
      return { state: { frames: [frameOf(document, section, params)], transfers: state.transfers + 1 } };
    }
    case 'return': {
      const left = leave(state, input.value);
      return left.action.kind === 'returned'
        ? { state: left.state, returned: { value: left.action.value } }
        : { state: left.state };
    }
    case 'end':
      return { state: { ...state, frames: [] } };
  }
}

function leave(state: MachineState, value: JsonValue | undefined): Advance {
  const frames = state.frames.slice(0, -1);
  return {
    state: { ...state, frames },
    action: frames.length === 0 ? { kind: 'end' } : { kind: 'returned', value },
  };
}

function enter(state: MachineState, frame: Frame, input: Extract<Input, { kind: 'enter' }>): Transition {
  if (state.frames.length > MAX_FRAMES) {
    return {
      refusal: { fault: 'tooDeep', message: `More than ${MAX_FRAMES} sections execute each other` },
    };
  }
  const { step, result, onReturn } = input;
  let caller = frame;
  // `on_return` runs before `result`, so it lies on top.
  if (result !== undefined) caller = push(caller, { kind: 'choice', choice: result, step });
  if (onReturn !== undefined) caller = push(caller, { kind: 'block', block: onReturn, index: 0 });
  const { frames } = withTop(state, caller);
  return { state: { ...state, frames: [...frames, frameOf(input.document, input.section, input.params)] } };
}

function jump(state: MachineState, frame: Frame, input: Extract<Input, { kind: 'goto' }>): Transition {
  const target = findLabel(frame.cursors, input.label);
  if (target === undefined) {
    return {
      refusal: { fault: 'unknownLabel', message: `There is no label "${input.label}" to go to from here` },
    };
  }
  const taken = frame.jumps.get(input.step) ?? 0;
  if (taken >= input.max) {
    if (input.exhausted === 'next') return { state };
    const left = leave(state, undefined);
    return left.action.kind === 'returned'
      ? { state: left.state, returned: { value: undefined } }
      : { state: left.state };
  }
  const jumps = new Map(frame.jumps).set(input.step, taken + 1);
  return { state: withTop(state, { ...frame, jumps, cursors: target }) };
}

/** Labels of the same list first, then those of the section; lists in between are not looked into. */
function findLabel(cursors: readonly Cursor[], label: string): readonly Cursor[] | undefined {
  for (const depth of new Set([cursors.length - 1, 0])) {
    const cursor = cursors[depth];
    if (cursor?.kind !== 'block') continue;
    const index = cursor.block.findIndex((step) => step.method === 'label' && step.params === label);
    if (index >= 0) return [...cursors.slice(0, depth), { ...cursor, index: index + 1 }];
  }
  return undefined;
}

function frameOf(document: SwmlDocument, section: string, params: JsonObject): Frame {
  const block = document.sections.get(section) ?? [];
  return { document, section, params, cursors: [{ kind: 'block', block, index: 0 }], jumps: NO_JUMPS };
}

function withTop(state: MachineState, frame: Frame): MachineState {
  return { ...state, frames: state.frames.slice(0, -1).concat(frame) };
}

function push(frame: Frame, cursor: Cursor): Frame {
  return { ...frame, cursors: frame.cursors.concat(cursor) };
}

function isThrough(cursor: Cursor): boolean {
  return cursor.kind === 'block' && cursor.index >= cursor.block.length;
}

/**
 * Index in the section of the step that is being run, or that owns the list it stands in.
 * @param top of the cursor that it is taken off; those above are through
 */
function sectionIndex(cursors: readonly Cursor[], top: number): number {
  const own = cursors[0];
  if (own?.kind !== 'block') return 0;
  return top === 0 ? own.index : own.index - 1;
}
