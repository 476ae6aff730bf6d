/** Contexts and steps of a prompt (spec/ai.md A3). */
import * as s from '../../swml/schema.ts';
import { FILLER_MAP } from './languages.ts';
import { TEXT_OR_POM } from './prompt.ts';

const HISTORY = s.string({
  description: 'What of the history the model sees.',
  enum: ['keep', 'default', 'hide'],
});

function names(description: string) {
  return s.array(s.string({ description: 'A name.' }), { description });
}

const RESET = {
  system_prompt: s.string({ description: 'New instruction of the agent.', literal: true }),
  user_prompt: s.string({ description: 'Words put into the mouth of the caller.', literal: true }),
  consolidate: s.boolean({ description: 'Whether a summary takes the place of the history.' }),
  full_reset: s.boolean({ description: 'Whether the history is dropped.' }),
} as const;

const QUESTION = s.object(
  {
    key: s.string({ description: 'Where the answer is kept.', required: true }),
    question: s.string({ description: 'What is asked.', required: true, literal: true }),
    type: s.string({
      description: 'Type of the answer.',
      enum: ['string', 'integer', 'number', 'boolean'],
      default: 'string',
    }),
    confirm: s.boolean({ description: 'Whether the caller confirms the answer.', default: false }),
    prompt: s.string({ description: 'Instruction for this question.', literal: true }),
    functions: names('Functions that this question may use.'),
    isolated: s.boolean({ description: 'Whether the model sees this question alone.' }),
  },
  { description: 'A question.' },
);

const STEP = s.object(
  {
    name: s.string({
      description: 'Name of the step, unique in its context.',
      required: true,
      pattern: /^(?!next$)/,
      allowed: 'any name but "next"',
    }),
    ...TEXT_OR_POM,
    step_criteria: s.string({ description: 'When the step is done.', literal: true }),
    functions: s.union([names('Names.'), s.string({ description: 'No function.', enum: ['none'] })], {
      description: 'Functions that this step may use.',
      defaultText: 'all',
    }),
    valid_steps: names('Steps that may follow.'),
    valid_contexts: names('Contexts that may follow.'),
    skip_user_turn: s.boolean({ description: 'Goes on without waiting for the caller.', default: false }),
    end: s.boolean({ description: 'Whether this is the last step.', default: false }),
    skip_to_next_step: s.boolean({ description: 'Goes on with the next step at once.' }),
    history: HISTORY,
    reset: s.object(RESET, { description: 'What changes on entering.' }),
    gather_info: s.object(
      {
        questions: s.array(QUESTION, { description: 'What is asked, one after the other.', required: true }),
        prompt: s.string({ description: 'Instruction for all questions.', literal: true }),
        output_key: s.string({ description: 'Where in `global_data` the answers are kept.' }),
        completion_action: s.string({ description: '`next_step`, or the name of a step.' }),
        isolated: s.boolean({ description: 'Whether the model sees the questions alone.', default: false }),
      },
      { description: 'Questions that this step asks.' },
    ),
  },
  { description: 'A step.', exclusive: [{ names: ['text', 'pom'], several: true }] },
);

const CONTEXT_PROPERTIES = {
  steps: s.array(STEP, { description: 'The steps, in order.', required: true }),
  ...TEXT_OR_POM,
  isolated: s.boolean({ description: 'Whether the history is cut on entering.', default: false }),
  enter_fillers: FILLER_MAP,
  exit_fillers: FILLER_MAP,
  ...RESET,
  post_prompt: s.string({ description: 'Instruction at the end of the session.', literal: true }),
  prompt: s.string({ description: 'Instruction of this context.', literal: true }),
  valid_contexts: names('Contexts that may follow.'),
  valid_steps: names('Steps that may follow.'),
  initial_step: s.string({ description: 'The step to start with.' }),
  history: HISTORY,
} as const;

export const CONTEXTS = s.object(
  { default: s.object(CONTEXT_PROPERTIES, { description: 'Where the session starts.', required: true }) },
  {
    description: 'Contexts by their names.',
    additional: s.object(CONTEXT_PROPERTIES, { description: 'A context.' }),
  },
);
