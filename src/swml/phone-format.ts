export type PhoneFormat = 'national' | 'international' | 'rfc3966' | 'e164';

/**
 * A telephone number as it is written or spoken. Numbers of the North American plan (+1) are grouped 3-3-4;
 * others keep their digits together, because where they are grouped depends on each country's plan.
 * @param separator goes between groups, in the place of the usual signs
 * @returns undefined when `number` holds no telephone number
 */
export function formatPhone(number: string, format: PhoneFormat, separator?: string): string | undefined {
  const digits = number.replace(/[\s().-]/g, '');
  const match = /^\+?(\d{5,15})$/.exec(digits);
  if (match === null) return undefined;
  const all = match[1]!;
  const american = /^1?([2-9]\d{2})(\d{3})(\d{4})$/.exec(all);
  const otherPlan = digits.startsWith('+') && !all.startsWith('1');
  if (american === null || otherPlan) return format === 'rfc3966' ? `tel:${digits}` : digits;
  const groups = american.slice(1);
  switch (format) {
    case 'e164':
      return `+1${groups.join('')}`;
    case 'rfc3966':
      return `tel:+1-${groups.join('-')}`;
    case 'international':
      return separator === undefined ? `+1 ${groups.join(' ')}` : ['+1', ...groups].join(separator);
    case 'national':
      return separator === undefined ? `(${groups[0]}) ${groups[1]}-${groups[2]}` : groups.join(separator);
  }
}
