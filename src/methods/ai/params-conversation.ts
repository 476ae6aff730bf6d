/** Settings of `ai`: the model, the conversation, pausing and waking (spec/ai.md A4). */
import * as s from '../../swml/schema.ts';

export const GENERAL_PARAMS = {
  ai_model: s.string({
    description: 'Language model.',
    default: 'gpt-4o-mini',
    suggested: ['gpt-4o-mini', 'gpt-4.1-mini', 'gpt-4.1-nano'],
  }),
  thinking_model: s.string({
    description: 'Model for reasoning turns.',
    defaultText: 'as `ai_model`',
    suggested: ['gpt-4o-mini', 'gpt-4.1-mini', 'gpt-4.1-nano'],
  }),
  vision_model: s.string({
    description: 'Model for pictures.',
    defaultText: 'as `ai_model`',
    suggested: ['gpt-4o-mini', 'gpt-4.1-mini', 'gpt-4.1-nano'],
  }),
  utility_model: s.string({
    description: 'Model for clean-up and redaction in the background.',
    defaultText: 'as `ai_model`',
    suggested: ['gpt-4o-mini', 'gpt-4.1-mini', 'gpt-4.1-nano'],
  }),
  inner_dialog_model: s.string({
    description: 'Model of the inner dialog.',
    defaultText: 'as `ai_model`',
    suggested: ['gpt-4o-mini', 'gpt-4.1-mini', 'gpt-4.1-nano'],
  }),
  ai_name: s.string({ description: 'Name that the agent is called by.', default: 'computer' }),
  app_name: s.string({ description: 'Name of the application in webhooks.', default: 'swml app' }),
  conscience: s.string({
    description: 'Reinforcement added after tool calls.',
    defaultText: 'words of the server',
  }),
  convo: s.array(
    s.object(
      {
        role: s.string({ description: 'Who spoke.', enum: ['user', 'assistant', 'system'], required: true }),
        content: s.string({ description: 'The words.', required: true }),
        lang: s.string({ description: 'Language.', default: 'en' }),
      },
      { description: 'A message.' },
    ),
    { description: 'Conversation that went before.' },
  ),
  conversation_id: s.string({ description: 'Key for `save_conversation`, `check_for_input`.' }),
  conversation_sliding_window: s.integer({ description: 'Messages of the history that the model sees.' }),
  direction: s.string({
    description: 'Direction of the call as the agent sees it.',
    enum: ['inbound', 'outbound'],
    defaultText: 'that of the call',
  }),
  wait_for_user: s.boolean({ description: 'Whether the caller speaks first.', default: false }),
  local_tz: s.string({ description: 'Time zone of the agent, IANA name.', default: 'US/Central' }),
  languages_enabled: s.boolean({ description: 'Without effect.' }),
  save_conversation: s.boolean({
    description:
      'Send and later fetch a summary; needs `post_prompt_url`, `conversation_id`; replaces `post_prompt`.',
    default: false,
  }),
  summary_mode: s.string({ description: 'Form of the summary.', enum: ['string', 'original'] }),
  transfer_summary: s.boolean({ description: 'Hand a summary to the next agent.', default: false }),
  redact_prompt: s.string({
    description:
      'Description of what to replace by `----` in everything recorded or sent; the model still sees the real text.',
  }),
  persist_global_data: s.boolean({
    description: 'Keep `global_data` for later ai sessions on the call.',
    default: true,
  }),
  pom_format: s.string({
    description: 'Form in which a `pom` prompt is written out.',
    enum: ['markdown', 'xml'],
    default: 'markdown',
  }),
  max_response_tokens: s.integer({ description: 'Longest answer of the model, tokens.', min: 1, max: 16384 }),
  enable_thinking: s.boolean({
    description: 'Extra reasoning turn; adds function `get_ideal_strategy`.',
    default: false,
  }),
  enable_vision: s.boolean({ description: 'Adds `get_visual_input` on video calls.', default: false }),
  enable_inner_dialog: s.boolean({
    description: 'Whether a second model analyses in the background.',
    default: false,
  }),
  inner_dialog_prompt: s.string({
    description: 'Instruction of the inner dialog.',
    defaultText: 'words of the server',
  }),
  inner_dialog_synced: s.boolean({ description: 'Analyst waits for the turn to finish.', default: false }),
} as const;

export const PAUSE_PARAMS = {
  enable_pause: s.boolean({ description: 'Whether the agent can be paused.', default: false }),
  start_paused: s.boolean({ description: 'Starts paused; turns `enable_pause` on.', default: false }),
  speak_when_spoken_to: s.boolean({
    description: 'Speaks only when named; switches `enable_pause` off.',
    default: false,
  }),
  wake_prefix: s.string({ description: 'Word needed before the name.' }),
} as const;
