import { isObject } from '../../swml/json.ts';
import * as s from '../../swml/schema.ts';
import { type MessageContext, ReplyFailure } from '../context.ts';
import { NEXT } from '../flow.ts';
import { defineMessagingMethod } from '../method.ts';
import { switchPath } from '../choice-params.ts';
import { TRANSFORM, transformed } from '../transform.ts';

const MAX_MEDIA = 8;

const REPLY = {
  body: s.string({ description: 'The text.' }),
  media: s.array(s.string({ description: 'URL of a file.' }), {
    description: 'Files; they make it an MMS.',
  }),
  to: s.string({ description: 'Number of the receiver, E.164.', defaultText: 'who wrote the message' }),
  from: s.string({ description: 'Number of the sender.', defaultText: 'the number that was written to' }),
  status_url: s.string({ description: 'Where reports of its delivery go.', format: 'http-url' }),
} as const;

const BODY_OR_REPLY = s.union(
  [s.string({ description: 'The text.' }), s.object(REPLY, { description: 'A reply.' })],
  { description: 'A text, or a reply with its properties.' },
);

type ReplyParams = s.InferObject<typeof REPLY>;

/** spec/messaging.md 4.1 */
export const reply = defineMessagingMethod({
  name: 'reply',
  summary: 'Sends a message back.',
  params: s.object(
    {
      ...REPLY,
      switch: s.object(
        {
          variable: s.string({
            description: 'Path of the variable, without `%{}`.',
            required: true,
            literal: true,
            check: (text) => (switchPath(text) === undefined ? 'a path such as message.body' : undefined),
          }),
          transform: TRANSFORM,
          case: s.record(BODY_OR_REPLY, {
            description: 'Replies by the value that they are for.',
            required: true,
          }),
          default: BODY_OR_REPLY,
        },
        { description: 'Chooses one of several replies; no other property beside it.' },
      ),
    },
    {
      description: 'Parameters of `reply`.',
      refine: (value) => {
        const isGiven = (name: string): boolean => isObject(value) && (value[name] ?? null) !== null;
        if (!isGiven('switch')) return undefined;
        const beside = Object.keys(REPLY).find(isGiven);
        if (beside === undefined) return undefined;
        return {
          fault: 'conflict',
          message: `"switch" and "${beside}" exclude each other`,
          at: [beside],
          expected: 'properties of the reply within "switch"',
        };
      },
    },
  ),
  shorthand: {
    description: 'a text, which is then `body`',
    schema: s.string({ description: '`body`' }),
    expand: (value) => (typeof value === 'string' ? { body: value } : undefined),
  },
  outputs: [
    {
      name: 'reply_result',
      type: 'string',
      values: ['queued', 'failed'],
      description: 'Whether the reply was accepted.',
    },
    { name: 'reply_message_id', type: 'string', description: 'Id of the reply, if it was accepted.' },
  ],
  execution: 'foreground',
  blocks: true,
  examples: [
    '- reply: "Thank you, %{message.from}."',
    '- reply:\n    body: The map\n    media: [https://example.com/map.png]',
  ],
  async run(context, params) {
    const { vars } = context;
    vars.unset('reply_result');
    vars.unset('reply_message_id');
    const chosen = params.switch === undefined ? params : chooseReply(context, params.switch);
    const own: ReplyParams = typeof chosen === 'string' ? { body: chosen } : chosen;
    try {
      const { messageId } = await context.reply(checkedReply(context, own));
      vars.set('reply_result', 'queued');
      vars.set('reply_message_id', messageId);
    } catch (error) {
      if (!(error instanceof ReplyFailure)) throw error;
      vars.set('reply_result', 'failed');
      context.warn('failed', error.message, error.code);
    }
    return NEXT;
  },
});

function checkedReply(context: MessageContext, { body, media = [], to, from, status_url }: ReplyParams) {
  if ((body === undefined || body === '') && media.length === 0) {
    throw new ReplyFailure('swml_reply_body_or_media_required', 'The reply has neither body nor media');
  }
  if (media.length > MAX_MEDIA) {
    throw new ReplyFailure('swml_reply_media_limit_exceeded', `The reply has more than ${MAX_MEDIA} media`);
  }
  return {
    from: from ?? context.message.to,
    to: to ?? context.message.from,
    body,
    media,
    statusUrl: status_url,
  };
}

interface ReplySwitch {
  readonly variable: string;
  readonly transform?: Parameters<typeof transformed>[1];
  readonly case: Readonly<Record<string, string | ReplyParams>>;
  readonly default?: string | ReplyParams;
}

function chooseReply(context: MessageContext, choice: ReplySwitch): string | ReplyParams {
  const value = context.lookup(switchPath(choice.variable) ?? choice.variable) ?? '';
  // As in `switch`, a list or an object is the value of no case.
  const key = typeof value === 'object' ? undefined : transformed(String(value), choice.transform);
  const chosen = key !== undefined && Object.hasOwn(choice.case, key) ? choice.case[key] : choice.default;
  if (chosen !== undefined) return chosen;
  throw context.error(
    'noMatch',
    `No reply is for the value of "${choice.variable}", and there is no default`,
  );
}
