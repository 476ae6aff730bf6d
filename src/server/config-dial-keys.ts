import { z } from 'zod';
import { targetOf } from '../sip/transport/target.ts';
import { parseUri } from '../sip/message/uri.ts';
import { key } from './config-key.ts';

/** Stands for the number in `dial.gateway`. */
export const NUMBER_PLACE = '{number}';

const gateway = z.string().superRefine((text, context) => {
  const expected = 'expected a SIP URI with {number} in it, such as sip:{number}@gateway.example.com';
  const fault = text.includes(NUMBER_PLACE)
    ? faultOf(text.replace(NUMBER_PLACE, '+15550100'))
    : '{number} is missing';
  if (fault !== undefined) context.addIssue({ code: 'custom', message: `${expected} (${fault})` });
});

const credential = z.string().regex(/^[\x20-\x7e]{1,256}$/, 'expected 1 to 256 printable ASCII characters');

/** The settings of calls that documents make. */
export const DIAL_KEYS = {
  gateway: key({
    schema: gateway,
    kind: 'text',
    default: undefined,
    description:
      'Where phone numbers are called, such as sip:{number}@gateway.example.com; without it they cannot be called.',
  }),
  username: key({
    schema: credential,
    kind: 'text',
    default: undefined,
    description: 'User for SIP authentication at the gateway.',
  }),
  password: key({
    schema: credential,
    kind: 'text',
    default: undefined,
    description: 'Password for SIP authentication at the gateway.',
    secret: true,
  }),
  from: key({
    schema: z.string().refine(isNumberOrUri, 'expected a number or a SIP URI'),
    kind: 'text',
    default: undefined,
    description:
      'Number or SIP URI that phone numbers are called from when the document names none; default: that of the caller.',
  }),
};

function isNumberOrUri(text: string): boolean {
  if (/^\+?[0-9*#]+$/.test(text)) return true;
  try {
    return parseUri(text).scheme === 'sip';
  } catch {
    return false;
  }
}

function faultOf(uri: string): string | undefined {
  try {
    targetOf(parseUri(uri));
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
