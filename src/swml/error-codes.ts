/**
 * The one table of error codes (spec/document.md 5.2, 5.3). A code says what went wrong; its cause class says
 * who can mend it, and its policy what the running script does then (5.1).
 */

export type DocumentKind = 'calling' | 'messaging';

/** Who can mend it: the author of the document, whoever serves it, or the operator of this server. */
export type CauseClass = 'author' | 'remote' | 'server';

/**
 * `stop`: the script ends, and the call with it. `continue`: the next step runs. `warn`: nothing but a line
 * in the log.
 */
export type ErrorPolicy = 'stop' | 'continue' | 'warn';

export interface ErrorCodeInfo {
  readonly kind: DocumentKind;
  readonly cause: CauseClass;
  readonly policy: ErrorPolicy;
  /** When the code is raised, one sentence. */
  readonly meaning: string;
}

function row(kind: DocumentKind, cause: CauseClass, policy: ErrorPolicy, meaning: string): ErrorCodeInfo {
  return { kind, cause, policy, meaning };
}

const calling = row.bind(undefined, 'calling');
const messaging = row.bind(undefined, 'messaging');

export const ERROR_CODES = {
  relay_script_parse_error: calling(
    'author',
    'stop',
    'The text is neither JSON nor YAML, or a document URL is malformed.',
  ),
  relay_script_parse_internal_error: calling('server', 'stop', 'The parser itself failed.'),
  relay_script_version_invalid: calling('author', 'stop', 'The version of the document is not 1.0.0.'),
  relay_script_sections_missing: calling('author', 'stop', 'The document has no sections.'),
  relay_script_main_section_missing: calling('author', 'stop', 'The document has no section main.'),
  relay_script_section_code_missing: calling('author', 'stop', 'A section has no steps.'),
  relay_script_section_parameter_undefined: calling(
    'author',
    'stop',
    'A step names a section that does not exist.',
  ),
  relay_script_element_undefined: calling(
    'author',
    'stop',
    'The document has an element that the language does not know.',
  ),
  relay_script_element_wrong_type: calling('author', 'stop', 'A value has the wrong type for its place.'),
  relay_script_element_invalid_value: calling('author', 'stop', 'A value is not allowed at its place.'),
  relay_script_element_duplicated: calling('author', 'stop', 'Something that may stand once is given twice.'),
  relay_script_method_missing_name: calling('author', 'stop', 'A step names no method.'),
  relay_script_method_undefined: calling('author', 'stop', 'A step names a method that does not exist.'),
  relay_script_method_parameter_missing: calling('author', 'stop', 'A required parameter is absent.'),
  relay_script_method_parameter_invalid_value: calling(
    'author',
    'stop',
    'A parameter has a value that it cannot take.',
  ),
  relay_script_method_parameter_undefined: calling(
    'author',
    'warn',
    'A parameter has a name that the method does not know.',
  ),
  relay_script_method_parameter_conflict: calling(
    'author',
    'stop',
    'Parameters that exclude each other are given together.',
  ),
  relay_script_method_no_matching_condition: calling(
    'author',
    'continue',
    'A switch has neither a matching case nor a default.',
  ),
  relay_script_method_execute_failed: calling('remote', 'continue', 'A method failed while it ran.'),
  relay_script_js_eval_error: calling(
    'author',
    'stop',
    'A JavaScript expression failed, or passed its limit of length or time.',
  ),
  relay_script_nested_too_deep: calling('author', 'stop', 'Sections or steps are nested too deeply.'),
  relay_script_too_many_transfers: calling('author', 'stop', 'The call passed its limit of 32 transfers.'),
  relay_script_internal_error: calling('server', 'stop', 'The server failed.'),

  unrouteable_message: messaging('server', 'stop', 'The number that was written to has no handler.'),
  insufficient_balance: messaging('server', 'stop', 'The account cannot pay for the message.'),
  message_filtered: messaging('remote', 'stop', 'A filter or carrier refused the message.'),
  http_retrieval_error: messaging('remote', 'stop', 'The document could not be fetched.'),
  url_failed_to_parse: messaging('author', 'stop', 'The URL of the document is malformed.'),
  json_or_yaml_required: messaging('author', 'stop', 'The text is neither JSON nor YAML.'),
  swml_invalid_document: messaging('author', 'stop', 'The document breaks the rules of its language.'),
  swml_missing_entry_point: messaging(
    'author',
    'stop',
    'The document has none of reply, receive and sections.main.',
  ),
  swml_invalid_section_format: messaging('author', 'stop', 'A section is not a list of steps.'),
  swml_unsupported_method: messaging('author', 'stop', 'A step names a method that does not exist.'),
  swml_reply_failed: messaging('remote', 'continue', 'The reply could not be sent.'),
  swml_reply_media_limit_exceeded: messaging('author', 'continue', 'The reply has more than 8 media.'),
  swml_reply_body_or_media_required: messaging('author', 'continue', 'The reply has neither body nor media.'),
  swml_reply_invalid_from_number: messaging(
    'author',
    'continue',
    'The reply is from a number that is not one of the project.',
  ),
  swml_reply_invalid_to_number: messaging('author', 'continue', 'The reply is to a malformed number.'),
  swml_reply_missing_messaging_capability: messaging(
    'author',
    'continue',
    'The number of the reply cannot send messages.',
  ),
  swml_reply_character_limit_exceeded: messaging('author', 'continue', 'The body of the reply is too long.'),
  swml_reply_inactive_campaign: messaging('server', 'continue', 'The campaign of the number is inactive.'),
  swml_switch_no_match: messaging('author', 'stop', 'A switch has neither a matching case nor a default.'),
  swml_switch_invalid_transform: messaging('author', 'stop', 'A switch names an unknown transform.'),
  swml_section_not_found: messaging('author', 'stop', 'A step names a section that does not exist.'),
  swml_transfer_failed: messaging(
    'author',
    'stop',
    'A transfer has no valid destination, or is the 33rd of a message.',
  ),
  swml_transfer_fetch_failed: messaging('remote', 'stop', 'The document of a transfer could not be fetched.'),
  swml_transfer_document_invalid: messaging('author', 'stop', 'The document of a transfer is invalid.'),
  swml_goto_label_not_found: messaging('author', 'stop', 'A goto names a label that does not exist.'),
  swml_request_url_required: messaging('author', 'stop', 'A request has no URL.'),
} as const satisfies Record<string, ErrorCodeInfo>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** Where the documentation tells of a code. */
export function errorPage(code: ErrorCode): string {
  return `docs/errors.md#${code}`;
}

/** What can be wrong, whichever of the two languages the document is written in. */
export type Fault =
  | 'syntax'
  | 'parser'
  | 'version'
  | 'noSections'
  | 'noMain'
  | 'emptySection'
  | 'sectionFormat'
  | 'unknownSection'
  | 'unknownElement'
  | 'wrongType'
  | 'invalidValue'
  | 'duplicate'
  | 'noMethod'
  | 'unknownMethod'
  | 'missingParameter'
  | 'invalidParameter'
  | 'unknownParameter'
  | 'conflict'
  | 'noMatch'
  | 'unknownLabel'
  | 'failed'
  | 'expression'
  | 'tooDeep'
  | 'tooManyTransfers'
  | 'internal';

const FAULT_CODES: Readonly<Record<Fault, readonly [calling: ErrorCode, messaging: ErrorCode]>> = {
  syntax: ['relay_script_parse_error', 'json_or_yaml_required'],
  parser: ['relay_script_parse_internal_error', 'json_or_yaml_required'],
  version: ['relay_script_version_invalid', 'swml_invalid_document'],
  noSections: ['relay_script_sections_missing', 'swml_missing_entry_point'],
  noMain: ['relay_script_main_section_missing', 'swml_missing_entry_point'],
  emptySection: ['relay_script_section_code_missing', 'swml_invalid_section_format'],
  sectionFormat: ['relay_script_element_wrong_type', 'swml_invalid_section_format'],
  unknownSection: ['relay_script_section_parameter_undefined', 'swml_section_not_found'],
  unknownElement: ['relay_script_element_undefined', 'swml_invalid_document'],
  wrongType: ['relay_script_element_wrong_type', 'swml_invalid_document'],
  invalidValue: ['relay_script_element_invalid_value', 'swml_invalid_document'],
  duplicate: ['relay_script_element_duplicated', 'swml_invalid_document'],
  noMethod: ['relay_script_method_missing_name', 'swml_invalid_document'],
  unknownMethod: ['relay_script_method_undefined', 'swml_unsupported_method'],
  missingParameter: ['relay_script_method_parameter_missing', 'swml_invalid_document'],
  invalidParameter: ['relay_script_method_parameter_invalid_value', 'swml_invalid_document'],
  unknownParameter: ['relay_script_method_parameter_undefined', 'swml_invalid_document'],
  conflict: ['relay_script_method_parameter_conflict', 'swml_invalid_document'],
  noMatch: ['relay_script_method_no_matching_condition', 'swml_switch_no_match'],
  unknownLabel: ['relay_script_method_parameter_invalid_value', 'swml_goto_label_not_found'],
  failed: ['relay_script_method_execute_failed', 'swml_invalid_document'],
  expression: ['relay_script_js_eval_error', 'swml_invalid_document'],
  tooDeep: ['relay_script_nested_too_deep', 'swml_invalid_document'],
  tooManyTransfers: ['relay_script_too_many_transfers', 'swml_transfer_failed'],
  internal: ['relay_script_internal_error', 'swml_invalid_document'],
};

export function codeOf(fault: Fault, kind: DocumentKind): ErrorCode {
  return FAULT_CODES[fault][kind === 'calling' ? 0 : 1];
}
