/**
 * What we take from the network at most. A message past one of these is refused with the status named; none
 * of them is near what a sane peer sends.
 */
export const SIP_LIMITS = {
  /** Bytes of a whole message, start line to body; 513. A UDP datagram cannot hold more either. */
  messageBytes: 65_535,
  /** Bytes of start line and headers together; 513. */
  headBytes: 49_152,
  /** Header fields (lines after unfolding); 513. */
  headerFields: 256,
  /** Characters of one header field name; 400. */
  headerNameLength: 256,
  /** Characters of one header field value after unfolding; 513. */
  headerValueLength: 8_192,
  /** Characters of a method; 400. */
  methodLength: 128,
  /** Characters of a Request-URI; 414. */
  uriLength: 4_096,
  /** Values of one list header (Via, Route, Contact …) after splitting at commas; 513. */
  listValues: 256,
} as const;
