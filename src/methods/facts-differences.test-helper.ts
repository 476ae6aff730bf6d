/** Where our schemas differ on purpose from what the language publishes of them. */

export interface Difference {
  readonly at: RegExp;
  /** What is published; `-` where the property is not. */
  readonly reference: RegExp;
  readonly ours: RegExp;
  readonly why: string;
}

const NONE = /^-$/;
const ANY = /./;

function row(at: RegExp, reference: RegExp, ours: RegExp, why: string): Difference {
  return { at, reference, ours, why };
}

/** A time or number that is refused below a bound that the language does not write down. */
function bounded(at: RegExp, bound: RegExp, why: string): Difference {
  return row(at, /^(?:integer|number)(?: =[\d.]+)?(?: 1\.\.)?$/, bound, why);
}

export const DIFFERENCES: readonly Difference[] = [
  // What may be left out, or has its value from elsewhere.
  row(
    /^(?:play|prompt)\.say_(?:voice|language|gender)$/,
    / ="/,
    /^string$/,
    'the variable of that name comes before the default',
  ),
  row(
    /^prompt\.(?:max_digits|digit_timeout|initial_timeout)$/,
    / =/,
    /^\w+ [01]\.\.$/,
    'setting it turns keys on, so a default may not count as set',
  ),
  row(
    /^connect\.(?:serial|parallel|serial_parallel)\[\]/,
    / =/,
    /^(?!.* =)/,
    'a destination of a list has what it does not set from the step (spec/call-control.md 3.3)',
  ),
  row(
    /^(?:connect|execute|join_conference)\.result\.variable$/,
    /^string(?: required)?$/,
    / ="\w+"$/,
    'the variable that the method sets (spec/flow.md 3)',
  ),
  row(/^hangup\.reason$/, ANY, / ="hangup"/, 'spec/call-control.md 2'),
  row(/^join_conference\.stream\.codec$/, ANY, / ="PCMU"/, 'as for the stream of connect'),
  row(/^record(?:_call)?\.max_length$/, /^number$/, / =0 0\.\.$/, '0 is no limit (spec/record.md 2.1)'),
  row(/^ai\.multilingual\.engine$/, /^string$/, / ="deepgram"$/, 'spec/ai.md A5.2'),
  row(/^amazon_bedrock\..*input_args_as_params$/, /^boolean$/, / =false$/, 'as in ai'),
  row(
    /^ai_sidecar\.lang$/,
    / required/,
    /^string length/,
    '`action` alone sends a summary and attaches nothing (spec/ai.md B)',
  ),
  row(
    /^ai\.SWAIG\.functions\[\]\.description$/,
    / required/,
    /^string$/,
    '`purpose` is its older name: one of them is required',
  ),
  row(/^unset$/, ANY, / required$/, 'there must be something to unset (spec/flow.md 6)'),
  row(
    /^(?:label|goto\.label)$/,
    /^string/,
    /^string required length 1\.\.$/,
    'a label has a name (spec/flow.md 5)',
  ),

  // Texts and numbers that could mean nothing.
  row(
    /^(?:execute|transfer)\.dest$|^enter_queue\.|^join_conference\.name$/,
    /^string required$/,
    / length 1\.\.$/,
    'an empty name or address leads nowhere',
  ),
  row(/^send_sms\.(?:from|to)_number$/, /^string required$/, / length 1\.\.$/, 'an empty number is nobody'),
  row(/\.headers\[\]\.name$/, /^string required$/, / length 1\.\.$/, 'a header has a name'),
  row(/\.functions\[\]\.function$/, /^string required$/, / length 1\.\.$/, 'a function has a name'),
  row(/^request\.url$/, /^string required$/, / url$/, 'http or https (spec/flow.md 7)'),
  row(/\.confirm$/, /^steps\|string$/, / url$/, 'a URL or steps (spec/call-control.md 3.5)'),
  row(/^send_sms\.status_callback$/, /^string$/, / url$/, 'callbacks go to URLs'),
  bounded(
    /^(?:request|record|record_call)\.\w*timeout$|^prompt\.speech_\w+$/,
    / 0\.\.$|^number 0\.\.$/,
    'a time cannot be negative',
  ),
  row(
    /^request\.timeout$/,
    / 0\.\.5$/,
    / =5 0\.\.$/,
    'of messaging: more counts as 5 (spec/messaging.md 4.3)',
  ),
  bounded(
    /^(?:answer|connect)\.max_duration$|^connect\.(?:.*\.)?(?:confirm_)?timeout$|^pay\.(?:timeout|max_attempts)$/,
    / 1\.\.$/,
    'a limit of nothing would end it at once',
  ),
  bounded(
    /^connect\.(?:.*\.)?session_timeout$|^pay\.min_postal_code_length$/,
    / 0\.\.$/,
    '0 is unset (spec/call-control.md 3.3)',
  ),
  bounded(/^tap\.rtp_ptime$/, / 10\.\.120$/, 'what RTP carries (spec/media.md 6)'),
  bounded(/foreach\.max$/, / 1\.\.$/, 'a list of none gives nothing'),
  bounded(/^goto\.max$/, / =100 0\.\.$/, 'of messaging: no range is published, but jumps cannot be negative'),
  row(/^sleep\.duration$/, / -1\.\.$/, / -1,0\.\.$/, 'the same range'),
  row(
    /\.attention_timeout$/,
    / 0,10000/,
    / 0,5000,10000/,
    'its default lies outside of its range, and may be written',
  ),

  // Short forms, which the reader writes out before the schema sees them.
  row(/^sleep$/, /^integer\|object$/, /^object$/, 'a number is `duration`'),
  row(/^reply$/, /^object\|string$/, /^object$/, 'a text is `body`'),

  // Values that are soft failures of the step, not faults of the document (spec/messaging.md 4.1).
  row(
    /^reply\.(?:switch\..*\.)?(?:body|media(?:\[\])?)$/,
    ANY,
    /^(?:string|array)$/,
    'the reply fails with its code, and the script goes on',
  ),

  // Forms beyond the published ones.
  row(
    /^request\.body(?:\[\])?$/,
    /^object\|string$|^-$/,
    /^array\|object\|string$|^any$/,
    'of calling: a list is JSON as well',
  ),
  row(
    /^(?:ai|amazon_bedrock)\.post_prompt$/,
    /^object$/,
    /^object\|string$/,
    'spec/ai.md A1: a text is seen too',
  ),
  row(
    /^ai\.params\.background_file_loops$/,
    /^integer\|null$/,
    /^integer$/,
    'null leaves a property out, which is without end',
  ),
  row(/^connect\.ringback$/, /^array$/, /^array\|object\|string$/, 'spec/call-control.md 3.3'),
  row(/^connect\.ringback\./, NONE, ANY, 'its object form (spec/call-control.md 3.3)'),
  row(/^connect\.auto_answer$/, NONE, ANY, 'client libraries send it (spec/call-control.md 3.3)'),
  row(
    /\.steps\[\]\.functions$/,
    /^array$/,
    /^array\|string \{none\}$/,
    'client libraries send it (spec/ai.md A3)',
  ),
  row(/\.steps\[\]\.pom$/, /^array$/, / items 1\.\.$/, 'as every other list of sections of a prompt'),
  row(
    /^ai\.prompt\.(?:barge_confidence|model)$|^ai\.post_prompt_auth_/,
    NONE,
    ANY,
    'client libraries send them (spec/ai.md A1, A2)',
  ),
  row(/^ai\.prompt\.contexts\./, NONE, ANY, 'client libraries send them (spec/ai.md A3)'),
  row(/^ai\.SWAIG\.internal_fillers\.hangup/, NONE, ANY, 'older schemas have it (spec/ai.md A6)'),
  row(
    /\.data_map\..*(?:error_keys|nomatch-output|\.body|form_param|required_args)/,
    NONE,
    ANY,
    'client libraries send them (spec/ai.md A7)',
  ),
  row(/^amazon_bedrock\.SWAIG\./, NONE, /^(?:any|string)$/, 'other keys are ignored silently (spec/ai.md C)'),

  row(
    /^live_trans(?:cribe|late)\.action\..*webhook$|^ai_sidecar\.action\.summarize\.webhook$/,
    /^string$/,
    / url$/,
    'events go to URLs',
  ),
  row(
    /^live_trans(?:cribe|late)\.action\.start\.direction$/,
    / required$/,
    / items 1\.\.$/,
    'a side at least is listened to',
  ),
  row(
    /^live_translate\.action\.start\.filter_/,
    / \{/,
    /^string$/,
    'or prompt:<instruction> (spec/media.md 11)',
  ),
  row(
    /^live_translate\.action\.inject\.direction$/,
    / required =/,
    /^string =/,
    'what has a default need not be given',
  ),

  // Actions of tools come in answers of web hooks too, and are read there.
  row(/\.action(?:\[\])?\.\*$/, NONE, /^any$/, 'actions are read when a tool answers'),
  row(/\.action(?:\[\])?\./, /^/, NONE, 'actions are read when a tool answers'),

  // Outputs, events, execution.
  row(
    /^calling answer!$/,
    ANY,
    /answer_result\{failed,success\}/,
    'an answer can fail (spec/call-control.md 1)',
  ),
  row(
    /^calling detect_machine!$/,
    /^foreground unless wait=false/,
    /^foreground outputs/,
    'it depends on `wait`',
  ),
  row(
    /^(?:calling|messaging) request!$/,
    /request_response\.\*/,
    /request_response(?!\.)/,
    'one variable holds the members',
  ),
  row(/^calling set!$/, /outputs \*/, /outputs -/, 'its outputs are what the document names'),
  row(
    /^calling sip_refer!$/,
    ANY,
    /sip_refer_result\{failed,success\}/,
    'its values are known (spec/call-control.md 4)',
  ),
  row(
    /^messaging reply!$/,
    /events message status callback$/,
    /events -$/,
    'reports of messages have no envelope (spec/callbacks.md 5)',
  ),
];
