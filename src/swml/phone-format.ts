import { parsePhoneNumberFromString } from 'libphonenumber-js/min';

export type PhoneFormat = 'national' | 'international' | 'rfc3966' | 'e164';

/** Numbers without a country code are of the North American plan, as where the language comes from. */
const HOME = 'US';

/**
 * A telephone number as it is written or spoken.
 * @param separator goes between groups, in the place of the usual signs
 * @returns undefined when `number` holds no telephone number
 */
export function formatPhone(number: string, format: PhoneFormat, separator?: string): string | undefined {
  const parsed = parsePhoneNumberFromString(number, HOME);
  if (parsed === undefined || !parsed.isPossible()) return undefined;
  switch (format) {
    case 'e164':
      return parsed.number;
    case 'rfc3966':
      return `tel:${parsed.formatInternational().replaceAll(' ', '-')}`;
    case 'international':
      return separated(parsed.formatInternational(), separator);
    case 'national':
      return separated(parsed.formatNational(), separator);
  }
}

function separated(text: string, separator: string | undefined): string {
  if (separator === undefined) return text;
  const groups = text.match(/\+?\d+/g) ?? [];
  return groups.join(separator);
}
