/** The part of a test file that says who is there when the document calls others. */
import * as s from '../../swml/schema.ts';
import { CALLER_ACTIONS } from './format-caller.ts';

/** Of `early_media`. */
export const earlyMediaProperties = {
  after: s.number({
    description: 'When it is heard.',
    default: 0,
    min: 0,
    max: 86_400,
    unit: 's',
    literal: true,
  }),
  does: s.array(CALLER_ACTIONS, {
    description: 'What is heard, one behind the other, from then on; as `caller`.',
    literal: true,
  }),
} as const;

/** Of one party. */
export const partyProperties = {
  rings_after: s.number({
    description: 'When its telephone rings.',
    default: 0,
    min: 0,
    max: 86_400,
    unit: 's',
    literal: true,
  }),
  early_media: s.object(earlyMediaProperties, {
    description: 'It is heard before it answers (SIP 183 with a session description).',
    literal: true,
  }),
  answers_after: s.number({
    description: 'When it answers, or refuses.',
    default: 2,
    min: 0,
    max: 86_400,
    unit: 's',
    literal: true,
  }),
  refuses: s.union(
    [
      s.string({
        description: 'In a word; `no_answer`: it rings on, `error`: it cannot be reached.',
        enum: ['busy', 'declined', 'no_answer', 'not_found', 'error'],
        literal: true,
      }),
      s.integer({ description: 'Status of its SIP response.', min: 400, max: 699, literal: true }),
    ],
    { description: 'What it does in the place of an answer; `no_answer`: it rings on.' },
  ),
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
} as const;

const PARTY = s.object(partyProperties, { description: 'Somebody who can be called.', literal: true });

export const PARTIES = s.record(PARTY, {
  description:
    'Who is there when the document calls others (`connect`), by destination; `*` stands for anything, the longest that fits answers. Nobody is anywhere else.',
  literal: true,
});

export type PartySpec = s.Infer<typeof PARTY>;
