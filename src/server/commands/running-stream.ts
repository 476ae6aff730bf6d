import type { CallError } from '../../call/leg.ts';
import { HttpError } from '../../net/http-errors.ts';
import { problem } from '../http/errors.ts';
import { refusal } from './issues.ts';
import { UNSAFE } from './new-document.ts';

/** Why a tap or a stream did not start, as the API says it. @param target the parameter that says where it goes */
export function refusedStream(error: CallError, target: string): Error {
  const { code, message, cause } = error;
  switch (code) {
    case 'call_over':
      return problem(404);
    case 'control_id_in_use':
      return refusal({ code: 'value_not_unique', message, attribute: 'control_id' });
    case 'name_in_use':
      return refusal({ code: 'value_not_unique', message, attribute: 'name' });
    case 'invalid_codec':
      return refusal({ code: 'invalid_parameter', message, attribute: 'codec' });
    case 'stream_failed': {
      const unsafe =
        (cause instanceof HttpError && UNSAFE.has(cause.code)) || /is refused: address range/.test(message);
      return refusal({ code: unsafe ? 'url_is_unsafe' : 'invalid_parameter', message, attribute: target });
    }
    default:
      return refusal({ code: 'invalid_state', message, attribute: 'id' });
  }
}
