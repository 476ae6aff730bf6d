import type { RecordingRefusal } from '../call/leg-recordings.ts';
import { type JsonValue, member, preview } from '../swml/json.ts';
import { type Variables, variablePath } from '../swml/scope.ts';

/**
 * Consent mode: a call may be recorded, tapped and streamed only while a variable of its script is true, or the text `true`.
 * @param name of the variable, members behind dots; undefined: no consent is asked for
 * @param variables of the call's script as they are now; undefined before there is one
 */
export function consentRefusal(
  name: string | undefined,
  variables: () => Pick<Variables, 'get'> | undefined,
): RecordingRefusal | undefined {
  if (name === undefined) return undefined;
  const [head, ...members] = variablePath(name) ?? [name];
  return () => {
    const whole = variables()?.get(String(head));
    const value = members.reduce<JsonValue | undefined>(member, whole);
    if (value === true || (typeof value === 'string' && /^\s*true\s*$/i.test(value))) return undefined;
    return (
      `recording.consent_variable is set, and the variable "${name}" ` +
      `${value === undefined ? 'is not set' : `is ${preview(value)}`}: ` +
      'set it to true once the party has agreed, before it is recorded, tapped or streamed'
    );
  };
}
