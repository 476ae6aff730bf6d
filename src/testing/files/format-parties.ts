/** The part of a test file that says who is there when the document calls others. */
import * as s from '../../swml/schema.ts';
import { CALLER_ACTIONS } from './format-caller.ts';

const PARTY = s.object(
  {
    answers_after: s.number({
      description: 'When it answers, or refuses.',
      default: 2,
      min: 0,
      max: 86_400,
      unit: 's',
      literal: true,
    }),
    refuses: s.string({
      description: 'What it does in the place of an answer; `no_answer`: it rings on.',
      enum: ['busy', 'declined', 'no_answer', 'not_found', 'error'],
      literal: true,
    }),
    codec: s.string({
      description: 'Codec.',
      enum: ['PCMU', 'PCMA', 'G722', 'OPUS'],
      default: 'PCMU',
      literal: true,
    }),
    does: s.array(CALLER_ACTIONS, {
      description: 'What it does, one behind the other, from when it is called on; as `caller`.',
      literal: true,
    }),
  },
  { description: 'Somebody who can be called.', literal: true },
);

export const PARTIES = s.record(PARTY, {
  description:
    'Who is there when the document calls others (`connect`), by destination; `*` stands for anything, the longest that fits answers. Nobody is anywhere else.',
  literal: true,
});

export type PartySpec = s.Infer<typeof PARTY>;
