import * as s from '../../swml/schema.ts';
import { defineCommand } from './command.ts';
import { refusal } from './issues.ts';

/** spec/call-control.md 10 */
export const disconnect = defineCommand({
  name: 'calling.disconnect',
  summary:
    'Parts two calls that `connect` has joined; both stay. The document of the calling one goes on, the called one is silent. A stream that `connect` has joined ends.',
  params: s.object({}, { description: 'Parameters of `calling.disconnect`.' }),
  callId: 'id',
  needsAnswer: true,
  examples: ['{}'],
  run({ call }) {
    const { bridged, joinedStream } = call.leg;
    // Who hears the called side ring is not connected yet: parted from it, it would hear nothing until that answers.
    if (bridged?.isTalk !== true && joinedStream === undefined) {
      const message = 'The call is not connected with another one';
      throw refusal({ code: 'invalid_state', message, attribute: 'id' });
    }
    bridged?.end();
    joinedStream?.stop();
    return {};
  },
});
