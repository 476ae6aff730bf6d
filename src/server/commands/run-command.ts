import type { DocumentLoader } from '../../engine/document-source.ts';
import type { Logger } from '../../log/logger.ts';
import { read } from '../../swml/schema-read.ts';
import { isObject, type JsonObject, type JsonValue, preview } from '../../swml/json.ts';
import { MAX_DEPTH } from '../../swml/parse.ts';
import { sizeOf } from '../../swml/size.ts';
import { closest } from '../../swml/suggest.ts';
import type { Clock } from '../../time/clock.ts';
import { problem } from '../http/errors.ts';
import { isUuid } from '../http/recording-url.ts';
import type { CallDirectory, LiveCall } from '../live-calls.ts';
import { callObject } from './call-object.ts';
import type { AnyCommand, CommandReply, Tolerated } from './command.ts';
import { type Issue, issueOf, refusal } from './issues.ts';
import { COMMANDS, UNSUPPORTED } from './registry.ts';

export interface CommandServices {
  readonly calls: CallDirectory;
  readonly loader: DocumentLoader;
  readonly clock: Clock;
  readonly log: Logger;
  newId(): string;
  /** Why a URL could never be asked or told anything, as far as it shows now. */
  refusal(url: string): Error | undefined;
}

/** Issues that one reply names. */
const MAX_ISSUES = 20;
/** Values inside values: a document, in what it is sent in. */
const MAX_BODY_DEPTH = MAX_DEPTH + 8;

/**
 * Runs the command in a body of `POST /api/calling/calls` (spec/rest.md 2).
 * @returns the call object, with what the command adds
 * @throws HttpProblem 400 for a body that is no object or nests too deeply, 404 for an unknown call or operation,
 * else 422
 */
export async function runCommand(body: unknown, services: CommandServices): Promise<CommandReply> {
  if (!isObject(body as JsonValue)) throw problem(400);
  // What lies deeper than calls can go could be neither read nor told of.
  if (sizeOf(body as JsonValue).depth > MAX_BODY_DEPTH) throw problem(400, 'the body nests too deeply');
  const sent = body as JsonObject;
  const command = commandOf(sent['command']);
  const given = sent['params'] ?? {};
  if (!isObject(given)) {
    const message = `"params" must be an object: found ${preview(given)}`;
    throw refusal({ code: 'invalid_parameter', message, attribute: 'params' });
  }
  const callId = callIdOf(command, sent, given);
  const params = paramsOf(command, given, services);
  const call = callOf(command, callId, services.calls);
  const { loader, clock } = services;
  const log = services.log.child({ call_id: call.leg.info.call_id, command: command.name });
  const context = { call, loader, clock, log, newId: services.newId };
  const more = await command.run(context, params as never);
  log.info({}, 'command done');
  return { ...callObject(call, clock.now()), ...more };
}

function commandOf(name: JsonValue | undefined): AnyCommand {
  if (name === undefined || name === null) {
    const message = '"command" is missing: expected the name of a command, e.g. "calling.record"';
    throw refusal({ code: 'missing_required_parameter', message, attribute: 'command' });
  }
  if (typeof name !== 'string') {
    const message = `"command" must be a text: found ${preview(name)}`;
    throw refusal({ code: 'not_a_string', message, attribute: 'command' });
  }
  const command = COMMANDS.get(name);
  if (command === undefined) throw refusal(notACommand(name));
  return command;
}

function notACommand(name: string): Issue {
  const issue = { code: 'invalid_command_attempted', attribute: 'command' };
  if (UNSUPPORTED.has(name)) {
    return { ...issue, message: `"${name}" is a command of the API that this version cannot run` };
  }
  const meant = closest(name, [...COMMANDS.keys()]);
  const suggestion = meant === undefined ? '' : `; did you mean "${meant}"?`;
  return { ...issue, message: `${preview(name)} is no command of the API${suggestion}` };
}

function callIdOf(command: AnyCommand, body: JsonObject, params: JsonObject): string {
  const inParams = command.callId === 'params.id';
  const id = inParams ? (params['id'] ?? body['id']) : body['id'];
  if (id === undefined || id === null) {
    const message = `"id" is missing ${inParams ? 'in "params"' : 'beside "command"'}: expected the id of a call`;
    throw refusal({ code: 'missing_required_parameter', message, attribute: 'id' });
  }
  if (typeof id !== 'string' || !isUuid(id)) {
    const message = `"id" is no call id: expected a UUID, found ${preview(id)}`;
    throw refusal({ code: 'invalid_call_id_passed', message, attribute: 'id' });
  }
  return id.toLowerCase();
}

/** Reads the parameters as they are: a placeholder is text here, since no script runs. */
function paramsOf(
  command: AnyCommand,
  given: JsonObject,
  { log, refusal: refusalOf }: CommandServices,
): unknown {
  const asIs: Tolerated = { params: given, asSent: (path) => path };
  const { params, asSent } = command.tolerate?.(given) ?? asIs;
  const issues: Issue[] = [];
  const value = read(command.params, params, [], {
    kind: 'calling',
    expand: (text) => text,
    block: () => [],
    report: (finding) => {
      const issue = issueOf(finding, command.params, params, asSent);
      if (finding.severity === 'warning') log.warn({ command: command.name }, issue.message);
      else if (issues.length < MAX_ISSUES) issues.push(issue);
    },
  });
  for (const attribute of urlNames(command)) {
    const url = (value as Readonly<Record<string, unknown>> | undefined)?.[attribute];
    const unsafe = issues.length === 0 && typeof url === 'string' ? refusalOf(url) : undefined;
    if (unsafe !== undefined) issues.push({ code: 'url_is_unsafe', message: unsafe.message, attribute });
  }
  if (issues.length > 0) throw refusal(...issues);
  return value;
}

/** Parameters that are URLs. */
function urlNames({ params: { node } }: AnyCommand): readonly string[] {
  if (node.kind !== 'object') return [];
  const names = Object.entries(node.properties).filter(
    ([, property]) => property.node.kind === 'string' && property.node.format === 'http-url',
  );
  return names.map(([name]) => name);
}

function callOf(command: AnyCommand, callId: string, calls: CallDirectory): LiveCall {
  const call = calls.get(callId);
  if (call === undefined) {
    if (command.whenOver === undefined || !calls.hasEnded(callId)) throw problem(404);
    throw refusal({ code: command.whenOver, message: 'The call is over', attribute: 'id' });
  }
  const state = call.leg.info.call_state;
  if (command.needsAnswer && state !== 'answered') {
    const message = `${command.name} needs a call that was answered: this one is ${state}`;
    throw refusal({ code: 'invalid_state', message, attribute: 'id' });
  }
  return call;
}
