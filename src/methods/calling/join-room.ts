import * as s from '../../swml/schema.ts';
import { defineMethod } from '../method.ts';

/** spec/call-control.md 7 */
export const joinRoom = defineMethod({
  name: 'join_room',
  kind: 'calling',
  summary: 'Joins a video room.',
  params: s.object(
    {
      name: s.string({
        description: 'Name of the room; made when there is none.',
        required: true,
        pattern: /^[A-Za-z0-9_-]+$/,
        allowed: 'letters, digits, _ and -',
      }),
    },
    { description: 'Parameters of `join_room`.' },
  ),
  outputs: [
    {
      name: 'join_room_result',
      type: 'string',
      values: ['joined', 'failed'],
      description: 'Whether the room was joined.',
    },
  ],
  events: [],
  execution: 'foreground',
  answers: 'always',
  blocks: true,
  examples: ['- join_room:\n    name: my_room'],
});
