import type { AnyCommand } from '../../src/server/commands/command.ts';
import { COMMANDS, UNSUPPORTED } from '../../src/server/commands/registry.ts';
import { generated, parameterTable, table } from './markdown.ts';

const INTRODUCTION = `Commands act on a running call from outside, whatever its document does:

\`\`\`sh
curl -u "$PROJECT_ID:$API_TOKEN" -H 'Content-Type: application/json' http://127.0.0.1:8080/api/calling/calls \\
  -d '{"command": "calling.record", "id": "7d0c…", "params": {"control_id": "rec-1", "record": {"audio": {"format": "wav"}}}}'
\`\`\`

\`id\` is the id of the call: \`call.call_id\` in its document, \`call_id\` in callbacks and in the log. The answer has
status 200 and the call as an object (\`id\`, \`from\`, \`to\`, \`direction\`, \`status\`, \`type\`, \`url\`, \`duration\` …). It comes
at once, but for a document by URL (when that was fetched), a recording (when there is a file to write to), the noise filter
(when it is on), a stream or a tap (when it is connected), and a stop of these two or of what plays (when that has ended);
what a command leads to is told by callbacks. Replies add the \`control_id\` of what they are about, those about a recording
its \`recording_id\` and the \`url\` of its file, that of a tap by RTP its \`source_device\`: address and port that the packets
come from.`;

const PROBLEMS: readonly (readonly [string, string])[] = [
  ['400', 'The body is no JSON object, or nests too deeply.'],
  ['401', 'The credentials are missing or wrong: user name `project_id`, password `api_token`.'],
  ['404', 'There is no such call, or it is over; or nothing such runs on it under this `control_id`.'],
  ['413', 'The body is longer than 1 MiB.'],
  ['415', 'The body is no JSON by its `Content-Type` (a form, say).'],
  ['422', 'The command is wrong in itself or now. `errors` lists what: `code`, `message`, `attribute`.'],
  ['500', 'A recording, or the noise filter, could not be started; `detail` or the log says why.'],
];

const CODES: readonly (readonly [string, string])[] = [
  ['invalid_command_attempted', 'There is no such command, or this version cannot run it.'],
  ['missing_required_parameter', '`attribute` is missing.'],
  [
    'invalid_parameter',
    '`attribute` cannot have this value, is a document with mistakes, or names a tap or stream that cannot be reached.',
  ],
  ['not_a_string', '`attribute` must be a text.'],
  ['not_a_boolean', '`attribute` must be true or false.'],
  ['not_an_http_url', '`attribute` must be a URL that starts with http:// or https://.'],
  ['incompatible_parameters', 'Parameters that exclude each other are given together.'],
  ['inline_swml_or_swml_webhook_required', 'Neither a document nor a status was given.'],
  ['url_failed_to_parse', '`attribute` is no URL.'],
  [
    'url_is_unsafe',
    '`attribute` leads to an address that `network.allow` does not open, or is plain http or ws under `network.https_only`.',
  ],
  ['not_json_or_yaml', 'The document is neither JSON nor YAML.'],
  [
    'call_update_failed',
    'The document could not be fetched, a later command has given the call another one meanwhile, or the call has had its 32 transfers.',
  ],
  ['cannot_cancel_in_progress', 'The call is answered: complete it instead.'],
  ['cannot_redirect_not_in_progress', 'The call is not answered, so it cannot be given another document.'],
  ['cannot_update_completed', 'The call is over, or about to be.'],
  ['invalid_call_id_passed', '`id` is no UUID.'],
  [
    'value_not_unique',
    'Something of this kind runs under this `control_id` already, or a stream under this `name`.',
  ],
  [
    'invalid_state',
    'The call is not answered yet, is ending, has no document (yet, or behind the `confirm` of a called side), is not connected (`calling.disconnect`), has as many recordings, taps, streams or collections as it may (16 of each), or lacks consent (`recording.consent_variable`).',
  ],
];

/** docs/commands.md */
export function commandsPage(): string {
  const parts = [
    generated('src/server/commands'),
    '# Commands to running calls',
    INTRODUCTION,
    ...[...COMMANDS.values()].map(section),
    '## When it goes wrong',
    table(['Status', 'Why'], PROBLEMS),
    table(
      ['`code` of a 422', 'Meaning'],
      CODES.map(([code, meaning]) => [`<a id="${code}"></a>\`${code}\``, meaning]),
    ),
    `Commands of the API that this version cannot run: ${[...UNSUPPORTED].map((name) => `\`${name}\``).join(', ')}.`,
  ];
  return parts.join('\n\n').concat('\n');
}

function section({ name, summary, params, examples }: AnyCommand): string {
  return [
    `## ${name}`,
    summary,
    parameterTable(params),
    ...examples.map((example) => `\`\`\`json\n${example}\n\`\`\``),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}
