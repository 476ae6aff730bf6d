/** Prompts of the AI methods (spec/ai.md A2). Their texts are expanded by the session, not before it. */
import * as s from '../../swml/schema.ts';

export interface PomSection {
  readonly title?: string;
  readonly body?: string;
  readonly bullets?: readonly string[];
  readonly subsections?: readonly PomSection[];
  readonly numbered?: boolean;
  readonly numberedBullets?: boolean;
}

export const POM_SECTION: s.Schema<PomSection, 'optional'> = s.named('pom_section', () => SECTION, {
  description: 'A section of a prompt.',
});

const SECTION: s.Schema<PomSection> = s.object(
  {
    title: s.string({ description: 'Heading.', literal: true, minLength: 1 }),
    body: s.string({ description: 'Paragraph.', literal: true }),
    bullets: s.array(s.string({ description: 'A point.', literal: true }), {
      description: 'Points.',
      minItems: 1,
    }),
    subsections: s.array(POM_SECTION, { description: 'Sections below this one.', minItems: 1 }),
    numbered: s.boolean({ description: 'Whether the sections are numbered.' }),
    numberedBullets: s.boolean({ description: 'Whether the points are numbered.' }),
  },
  { description: 'A section of a prompt.', exclusive: [{ names: ['body', 'bullets'], several: true }] },
);

export const TEXT_OR_POM = {
  text: s.string({ description: 'The prompt as text.', literal: true }),
  pom: s.array(POM_SECTION, { description: 'The prompt in sections.', minItems: 1 }),
} as const;

/** How the model and the recognition behave under a prompt. */
export const TUNING = {
  temperature: s.number({ description: 'How free the model is.', default: 1, min: 0, max: 1.5 }),
  top_p: s.number({ description: 'Which share of likely words is drawn from.', default: 1, min: 0, max: 1 }),
  confidence: s.number({
    description: 'How sure recognition must be to end an utterance.',
    default: 0.6,
    min: 0,
    max: 1,
  }),
  presence_penalty: s.number({
    description: 'Turns away from topics that were named.',
    default: 0,
    min: -2,
    max: 2,
  }),
  frequency_penalty: s.number({
    description: 'Turns away from words that were used.',
    default: 0,
    min: -2,
    max: 2,
  }),
  max_tokens: s.integer({ description: 'Longest answer, tokens.', default: 256, min: 0, max: 4_096 }),
} as const;

/** Keys that client libraries send beside those of the reference. */
export const CLIENT_TUNING = {
  barge_confidence: s.number({ description: 'How sure recognition must be to interrupt.', min: 0, max: 1 }),
  model: s.string({ description: 'Model for this prompt.' }),
} as const;

export const POST_PROMPT = s.union(
  [
    s.object(
      { ...TEXT_OR_POM, ...TUNING },
      { description: 'An instruction.', exclusive: [{ names: ['text', 'pom'], several: true }] },
    ),
    s.string({ description: 'The instruction as text.', literal: true }),
  ],
  { description: 'Instruction that the model answers when the session ends.' },
);
