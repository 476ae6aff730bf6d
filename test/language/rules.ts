/**
 * The rules of the language, as the reference digest numbers them: sections of `document.md` and `flow.md`, and in
 * each section its rows. `rules.test.ts` holds every one of them to a test that names it in its title, as
 * "flow.md 5, max: n: …".
 */

export const DOCUMENT: Readonly<Record<string, readonly string[]>> = {
  '1': ['calling', 'messaging', 'same outer shape'],
  '1.1': [
    ...['version', 'sections', 'sections.main', 'sections.<name>', 'anything else at root'],
    ...['section without steps', 'short root form', 'smallest document'],
  ],
  '1.2': ['43 methods', 'if and eval'],
  '1.3': [
    ...[
      'one key',
      'two method keys',
      'empty object',
      'empty parameters',
      'null parameters',
      'bare string step',
    ],
    ...['scalar sleep', 'scalar label', 'scalar or list unset', 'any value return', 'list value cond'],
    ...['string value play', 'list of strings play', 'string value reply', 'section as one step object'],
    ...['list of one-key maps', 'unknown property', 'case-sensitive names'],
  ],
  '1.4': ['version', 'beep', 'case keys', 'duplicate keys', 'on off yes no'],
  '2': [
    ...[
      'hosted script',
      'REST dial and update',
      'REST transfer',
      'external URL',
      'execute.dest and transfer.dest',
      'connect.confirm',
      'transfer_after_bridge',
    ],
    ...['join_conference.wait_url', 'enter_queue.wait_url', 'inline strings', 'destination'],
  ],
  '2.1': ['content types', 'type is a hint', 'status', 'redirects', 'empty body', 'userinfo'],
  '2.2': [
    ...[
      'connection timeout',
      'HTTP 5xx',
      'not a valid document',
      'same payload',
      'signed',
      'DNS or TLS failure',
    ],
    ...['4xx', 'read timeout', 'both fail', 'timeouts', 'fragment'],
  ],
  '2.3': [
    ...[
      'content type',
      'signatures',
      'call',
      'vars',
      'envs',
      'params',
      'all four keys',
      'call_id',
      'node_id',
    ],
    ...['segment_id', 'tag', 'call_state', 'direction', 'type', 'from and to', 'from_number and to_number'],
    ...[
      'headers',
      'parent',
      'peer',
      'dial_winner',
      'project_id and space_id',
      'sip_data',
      'no scheme in sip_data',
      'call.state',
    ],
  ],
  '2.4': ['message', 'params', 'vars', 'no envs', 'no SHA-256 header'],
  '3': [
    ...['call', 'params', 'vars', 'envs', 'message', 'lookup order', 'params prefix', 'reserved names'],
    'variables read by methods',
  ],
  '4.1': [
    ...[
      '${…}',
      '%{…}',
      'plain path',
      'anything else',
      'path grammar',
      '${items.length}',
      '${(items.length)}',
    ],
    ...['${items.join("-")}', '${a-b}', '${list[0].name}', 'end of a placeholder', 'nested placeholders'],
  ],
  '4.2': [
    ...['exactly one placeholder', 'inside other text', 'path unset', 'unset alone', 'undefined in text'],
    ...['array or object in text', 'number in text', 'params types', 'order', 'order within set', 'depth'],
    ...['step lists', 'keys and labels', 'no recursion'],
  ],
  '4.3': [
    ...['built-ins', 'scope', 'length', 'time', 'memory', 'depth', 'not allowed', 'no I/O', 'allowed'],
    ...['assignment', 'failure'],
  ],
  '4.4': [
    ...['string value', 'number or boolean property', 'enum property', 'when', 'when with placeholders'],
    'switch.variable',
  ],
  '4.5': [
    ...['only in AI methods', 'lc', 'enc:url', 'chain', 'strftime_tz', 'fmt_ph', 'expr', 'echo', 'separate'],
    'sleep',
  ],
  '5.1': [
    ...['script_error', 'calling.script.warning', 'message failed', 'first document', 'execute or transfer'],
    ...['bad parameter', 'method failed', 'switch without match', 'event shape', 'end of main'],
  ],
  '5.2': [
    ...['relay_script_parse_error', 'relay_script_parse_internal_error', 'relay_script_version_invalid'],
    ...['relay_script_sections_missing', 'relay_script_main_section_missing'],
    ...['relay_script_section_code_missing', 'relay_script_section_parameter_undefined'],
    ...['relay_script_element_undefined', 'relay_script_element_wrong_type'],
    ...['relay_script_element_invalid_value', 'relay_script_element_duplicated'],
    ...['relay_script_method_missing_name', 'relay_script_method_undefined'],
    ...['relay_script_method_parameter_missing', 'relay_script_method_parameter_invalid_value'],
    ...['relay_script_method_parameter_undefined', 'relay_script_method_parameter_conflict'],
    ...['relay_script_method_no_matching_condition', 'relay_script_method_execute_failed'],
    ...['relay_script_js_eval_error', 'relay_script_nested_too_deep', 'relay_script_too_many_transfers'],
    'relay_script_internal_error',
  ],
  '5.3': [
    ...['unrouteable_message', 'insufficient_balance', 'message_filtered', 'http_retrieval_error'],
    ...['url_failed_to_parse', 'json_or_yaml_required', 'swml_invalid_document', 'swml_missing_entry_point'],
    ...['swml_invalid_section_format', 'swml_unsupported_method', 'swml_reply_failed'],
    ...['swml_reply_media_limit_exceeded', 'swml_reply_body_or_media_required'],
    ...['swml_reply_invalid_from_number', 'swml_reply_invalid_to_number'],
    ...['swml_reply_missing_messaging_capability', 'swml_reply_character_limit_exceeded'],
    ...['swml_reply_inactive_campaign', 'swml_switch_no_match', 'swml_switch_invalid_transform'],
    ...['swml_section_not_found', 'swml_transfer_failed', 'swml_transfer_fetch_failed'],
    ...['swml_transfer_document_invalid', 'swml_goto_label_not_found', 'swml_request_url_required'],
  ],
  '6': [
    ...['transfers', 'goto.max', 'nesting', 'expression', 'request body and headers', 'messaging steps'],
    ...[
      'messaging requests',
      'reply media',
      'dial.custom_variables',
      'call duration',
      'steps',
      'document size',
      'goto is no transfer',
    ],
  ],
};

export const FLOW: Readonly<Record<string, readonly string[]>> = {
  model: ['frame', 'block', 'stack', 'end of script', 'remote end'],
  '1': [
    ...['when', 'then', 'else', 'order', 'truthiness', 'no match', 'else beside when', 'else entry not last'],
    ...['when fails', 'unset variable', '${…} in when', 'when without then', 'empty array'],
  ],
  '2': [
    ...[
      'variable',
      'case',
      'default',
      'transform',
      'comparison',
      'unset variable',
      'object or array',
      'match',
    ],
    ...['no match', 'no match in messaging', 'illegal name', 'variable with ${…}', 'bad transform'],
  ],
  '3': [
    ...['dest', 'params', 'meta', 'on_return', 'result', 'return_value', 'fetch', 'vars are shared'],
    ...['params are restored', 'order after return', 'result by its own type', 'callee without return'],
    ...['return inside on_return', 'section names', 'recursion', 'unknown section', 'fetch failure'],
    ...['meta is not sent', 'dest missing', 'no transfer'],
  ],
  '4': ['in an executed frame', 'without a caller', 'no value', 'strings', 'access'],
  '5': [
    ...['goto.label', 'goto.when', 'goto.max', 'label', 'max: n', 'limit in calling', 'limit in messaging'],
    ...['counter', 'from inside a block', 'before or after', 'across sections', 'unknown label'],
    ...['duplicate labels', 'max outside 1–100', 'infinite loop', 'no transfer'],
  ],
  '6': [
    ...['set', 'unset', 'order', 'types', 'overwrite', 'dotted names', 'method outputs', 'unknown name'],
    ...['after unset', 'scope names', 'special names', 'lifetime', 'empty object'],
  ],
  '7': [
    ...['url', 'method', 'headers', 'body', 'connect_timeout', 'timeout', 'save_variables', 'request_url'],
    ...['request_result', 'return_value', 'request_response_code', 'request_response_headers'],
    ...['request_response_body', 'request_response', 'success', 'content type', 'body over 64 KB'],
    ...[
      'reply not JSON',
      'old outputs',
      'failure',
      'bad method',
      'disallowed header',
      'timeout 0',
      'redirects',
    ],
    ...['signing', 'messaging limit', 'password', 'internal addresses'],
  ],
  '8': [
    ...['dest', 'params', 'meta', 'method', 'control', 'stack', 'params omitted', 'no numbers', 'bad URL'],
    ...['missing dest', 'unknown section', 'fetch fails', 'count', 'retry of main', 'background work'],
    'vars are kept',
  ],
  '9': ['duration', 'scalar', '-1', '0', 'other negatives', 'unit', 'media stays alive'],
  '10': ['event', 'client event', 'no client'],
  '11': ['safe while ringing', 'play and connect', 'all others'],
};

/** Rules that no test names yet, because what they are about is not there; each with where it belongs. */
export const ELSEWHERE: Readonly<Record<string, string>> = {
  'document.md 2, hosted script': 'scripts are not stored as resources (spec/rest.md)',
  'document.md 2, REST dial and update': 'the REST command that dials (spec/rest.md); update is there',
  'document.md 2.3, parent': 'legs that another call makes (spec/call-control.md 3)',
  'document.md 2.3, peer': 'calls that are connected (spec/call-control.md 3)',
  'document.md 2.3, dial_winner': 'dialling several destinations at once (spec/call-control.md 3)',
  'document.md 5.3, unrouteable_message':
    'the way in for messages, before there is a document (spec/messaging.md)',
  'document.md 5.3, insufficient_balance':
    'the way in for messages, before there is a document (spec/messaging.md)',
  'document.md 5.3, message_filtered':
    'the way in for messages, before there is a document (spec/messaging.md)',
  'document.md 5.3, http_retrieval_error':
    'the way in for messages, before there is a document (spec/messaging.md)',
  'document.md 5.3, url_failed_to_parse':
    'the way in for messages, before there is a document (spec/messaging.md)',
  'document.md 6, dial.custom_variables': 'the REST command that dials (spec/rest.md)',
};
