import * as s from '../../swml/schema.ts';
import { wordList } from '../common-params.ts';
import { defineMethod } from '../method.ts';

const STEPS = [
  'payment-card-number',
  'expiration-date',
  'security-code',
  'postal-code',
  'payment-processing',
  'payment-completed',
  'payment-failed',
  'payment-canceled',
] as const;

const ERROR_TYPES = [
  ...['timeout', 'invalid-card-number', 'invalid-card-type', 'invalid-date', 'invalid-security-code'],
  ...[
    'invalid-postal-code',
    'session-in-progress',
    'invalid-bank-routing-number',
    'invalid-bank-account-number',
  ],
  ...['input-matching-failed', 'card-declined'],
];

const ACTION = s.union(
  [
    s.object(
      {
        type: s.string({ description: 'Speaks.', enum: ['Say'], required: true }),
        phrase: s.string({ description: 'What is said.', required: true }),
      },
      { description: 'Speech.' },
    ),
    s.object(
      {
        type: s.string({ description: 'Plays a file.', enum: ['Play'], required: true }),
        phrase: s.string({ description: 'URL of the file.', required: true, format: 'http-url' }),
      },
      { description: 'A file.' },
    ),
  ],
  { description: 'Speech or a file.' },
);

const PROMPT = s.object(
  {
    for: s.string({
      description: 'Step or outcome that it is for.',
      enum: STEPS,
      extended: ['payment-cancelled'],
      required: true,
    }),
    actions: s.array(ACTION, { description: 'What is said and played.', required: true }),
    attempts: s.string({ description: 'Numbers of the attempts that it is for, separated by blanks.' }),
    card_type: wordList(
      ['visa', 'mastercard', 'amex', 'maestro', 'discover', 'optima', 'jcb', 'diners-club'],
      'blank',
      { description: 'Brands of card that it is for.' },
    ),
    error_type: wordList(ERROR_TYPES, 'blank', { description: 'Errors that it is for.' }),
  },
  { description: 'Words of your own for a step.' },
);

/** spec/fax-pay-sms.md 2 */
export const pay = defineMethod({
  name: 'pay',
  kind: 'calling',
  summary: 'Collects the details of a payment card by keys and has a service charge or store it.',
  params: s.object(
    {
      payment_connector_url: s.string({
        description: 'Service that gets the details.',
        required: true,
        format: 'http-url',
      }),
      charge_amount: s.string({
        description: 'Amount, decimal; absent or 0 stores the card without a charge.',
        pattern: /^(?:\d+(?:\.\d+)?|\.\d+)$/,
        allowed: 'a decimal number in quotes',
        examples: ['20.45'],
      }),
      currency: s.string({ description: 'Currency, ISO 4217.', default: 'usd' }),
      description: s.string({ description: 'Text for the service.' }),
      input: s.string({ description: 'How details are entered.', enum: ['dtmf'], default: 'dtmf' }),
      language: s.string({ description: 'Language of the built-in words.', default: 'en-US' }),
      max_attempts: s.integer({ description: 'How often the caller may try.', default: 1, min: 1 }),
      min_postal_code_length: s.integer({
        description: 'Fewest digits of a postal code.',
        default: 0,
        min: 0,
      }),
      parameters: s.array(
        s.object(
          {
            name: s.string({ description: 'Name.', required: true }),
            value: s.string({ description: 'Value.', required: true }),
          },
          { description: 'A name with its value.' },
        ),
        { description: 'Sent to the service.' },
      ),
      payment_method: s.string({ description: 'Kind of payment.', enum: ['credit-card'] }),
      postal_code: s.union(
        [
          s.boolean({ description: 'Whether it is asked for.' }),
          s.string({ description: 'The code itself; it is not asked for.' }),
        ],
        { description: 'Whether the postal code is asked for, or the code itself.', default: true },
      ),
      prompts: s.array(PROMPT, { description: 'Words of your own.' }),
      security_code: s.boolean({ description: 'Whether the security code is asked for.', default: true }),
      status_url: s.string({ description: 'Where `calling.call.pay` callbacks go.', format: 'http-url' }),
      timeout: s.integer({
        description: 'Wait after a key before the entry counts.',
        default: 5,
        min: 1,
        unit: 's',
      }),
      token_type: s.string({
        description: 'Whether the stored card is for one charge or for more.',
        enum: ['one-time', 'reusable'],
        default: 'reusable',
      }),
      valid_card_types: wordList(
        ['visa', 'mastercard', 'amex', 'maestro', 'discover', 'jcb', 'diners-club'],
        'blank',
        { description: 'Brands that are taken.', default: 'visa mastercard amex' },
      ),
      voice: s.string({ description: 'Voice of the built-in words.', default: 'woman' }),
    },
    { description: 'Parameters of `pay`.' },
  ),
  outputs: [
    {
      name: 'pay_result',
      type: 'string',
      values: [
        'success',
        'too-many-failed-attempts',
        'payment-connector-error',
        'caller-interrupted-with-star',
        'relay-pay-stop',
        'caller-hung-up',
        'validation-error',
        'internal-error',
      ],
      description: 'How it ended.',
    },
    {
      name: 'pay_payment_results',
      type: 'object',
      description: 'Token or confirmation, and the card without its secrets.',
    },
  ],
  events: ['calling.call.pay'],
  execution: 'foreground',
  answers: 'always',
  blocks: true,
  examples: ['- pay:\n    payment_connector_url: https://example.com/pay\n    charge_amount: "20.45"'],
});
