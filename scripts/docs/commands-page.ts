import type { AnyCommand } from '../../src/server/commands/command.ts';
import { COMMANDS, UNSUPPORTED } from '../../src/server/commands/registry.ts';
import { generated, parameterTable, table } from './markdown.ts';

const INTRODUCTION = `Commands act on a running call from outside, whatever its document does:

\`\`\`sh
curl -u "$PROJECT_ID:$API_TOKEN" -H 'Content-Type: application/json' http://127.0.0.1:8080/api/calling/calls \\
  -d '{"command": "calling.record", "id": "7d0c…", "params": {"control_id": "rec-1", "record": {"audio": {"format": "wav"}}}}'
\`\`\`

\`id\` is the id of the call: \`call.call_id\` in its document, \`call_id\` in callbacks and in the log. The answer comes at
once, with status 200 and the call as an object (\`id\`, \`from\`, \`to\`, \`direction\`, \`status\`, \`type\`, \`url\`,
\`duration\` …); what a command leads to is told by callbacks. Replies about a recording add its \`control_id\`,
\`recording_id\` and the \`url\` of its file.`;

const PROBLEMS: readonly (readonly [string, string])[] = [
  ['400', 'The body is no JSON object.'],
  ['401', 'The credentials are missing or wrong: user name `project_id`, password `api_token`.'],
  ['404', 'There is no such call, or it is over; or no such recording runs, and nothing such plays, on it.'],
  ['422', 'The command is wrong in itself or now. `errors` lists what: `code`, `message`, `attribute`.'],
];

const CODES: readonly (readonly [string, string])[] = [
  ['invalid_command_attempted', 'There is no such command, or this version cannot run it.'],
  ['missing_required_parameter', '`attribute` is missing.'],
  ['invalid_parameter', '`attribute` cannot have this value.'],
  ['not_a_string', '`attribute` must be a text.'],
  ['not_a_boolean', '`attribute` must be true or false.'],
  ['not_an_http_url', '`attribute` must be a URL that starts with http:// or https://.'],
  ['incompatible_parameters', 'Parameters that exclude each other are given together.'],
  ['inline_swml_or_swml_webhook_required', 'Neither a document nor a status was given.'],
  ['url_failed_to_parse', '`attribute` is no URL.'],
  ['url_is_unsafe', '`attribute` leads to an address that `network.allow` does not open.'],
  ['not_json_or_yaml', 'The document is neither JSON nor YAML.'],
  ['call_update_failed', 'The document could not be fetched, or the call has had its 32 transfers.'],
  ['cannot_cancel_in_progress', 'The call is answered: complete it instead.'],
  ['cannot_redirect_not_in_progress', 'The call is not answered, so it cannot be given another document.'],
  ['cannot_update_completed', 'The call is over, or about to be.'],
  ['invalid_call_id_passed', '`id` is no UUID.'],
  ['value_not_unique', 'Something with this `control_id` runs already: a recording, or what plays.'],
  ['invalid_state', 'The call is not answered yet, is ending, or has as many recordings as it may.'],
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
