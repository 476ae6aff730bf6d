/**
 * Scenarios for SIPp's calling side, put together from steps, so that a test reads as what the caller does:
 * `sippScenario([invite(), answered(), pause(500), infoDigit('#'), awaitBye()])`.
 */

/** One step; gives the XML. `cseq` is the number of the request that it sends, if it sends one. */
export interface SippStep {
  readonly requests: 0 | 1;
  readonly xml: (cseq: number) => string;
}

export interface SippSdp {
  /** Static payload types of RFC 3551 in order of preference; default PCMU, PCMA. */
  readonly payloadTypes?: readonly (0 | 8)[];
  /** Offer telephone-event 101; default true. */
  readonly telephoneEvent?: boolean;
  readonly direction?: 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';
}

/** The whole scenario. Field 0 of the call's injected data is its RTP port. */
export function sippScenario(steps: readonly SippStep[]): string {
  let cseq = 0;
  const parts = steps.map((step) => {
    cseq += step.requests;
    return step.xml(cseq);
  });
  return `<?xml version="1.0" encoding="ISO-8859-1"?>\n<scenario name="caller">\n${parts.join('\n')}\n</scenario>\n`;
}

export function invite(sdp: SippSdp = {}): SippStep {
  return {
    requests: 1,
    xml: (cseq) =>
      send(
        `INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
${headers(cseq, 'INVITE', 'To: <sip:[service]@[remote_ip]:[remote_port]>')}
Contact: <sip:caller@[local_ip]:[local_port];transport=[transport]>
Allow: INVITE, ACK, BYE, CANCEL, INFO, OPTIONS
Content-Type: application/sdp`,
        sdpBody(sdp, 1),
      ),
  };
}

/** Expects the answer, acknowledges it and reports the server's media address to the test. */
export function answered(): SippStep {
  return {
    requests: 0,
    xml: (cseq) =>
      `${provisional()}
  <recv response="200" rrs="true" rtd="true">${MEDIA_IS_THERE}</recv>
${ack(cseq)}`,
  };
}

/** Waits for early media; its sound may be heard from then on. */
export function sessionProgress(): SippStep {
  return {
    requests: 0,
    xml: () =>
      `  <recv response="100" optional="true"/>
  <recv response="180" optional="true"/>
  <recv response="183">${MEDIA_IS_THERE}</recv>`,
  };
}

/** Tells the test where the sound of the answer in hand comes from. */
const MEDIA_IS_THERE = `<action>
    <ereg regexp="m=audio ([0-9]+) " search_in="body" check_it="true" assign_to="line,port"/>
    <ereg regexp="c=IN IP[46] ([^ \\r\\n]+)" search_in="body" check_it="true" assign_to="address,host"/>
    <log message="media [call_number] [$host] [$port]"/>
    <log message="unused [$line] [$address]"/>
  </action>`;

export function pause(ms: number): SippStep {
  return { requests: 0, xml: () => `  <pause milliseconds="${ms}"/>` };
}

/** Writes `mark TEXT` to the log that the test reads. */
export function mark(text: string): SippStep {
  return {
    requests: 0,
    xml: () => `  <nop><action><log message="mark [call_number] ${text}"/></action></nop>`,
  };
}

/** A key by SIP INFO, `application/dtmf-relay`, and its 200. */
export function infoDigit(digit: string, durationMs = 160): SippStep {
  return {
    requests: 1,
    xml: (cseq) =>
      `${send(
        `${inDialog(cseq, 'INFO')}
Content-Type: application/dtmf-relay`,
        `Signal=${digit}\nDuration=${durationMs}`,
      )}
  <recv response="200"/>`,
  };
}

/** Changes the session; its answer must be 200 and hold `expectedDirection`. */
export function reinvite(sdp: SippSdp, expectedDirection: string): SippStep {
  return {
    requests: 1,
    xml: (cseq) =>
      `${send(
        `${inDialog(cseq, 'INVITE')}
Contact: <sip:caller@[local_ip]:[local_port];transport=[transport]>
Content-Type: application/sdp`,
        sdpBody(sdp, cseq),
      )}
${provisional()}
  <recv response="200"><action>
    <ereg regexp="a=${expectedDirection}" search_in="body" check_it="true" assign_to="direction${cseq}"/>
    <log message="unused [$direction${cseq}]"/>
  </action></recv>
${ack(cseq)}`,
  };
}

export function bye(): SippStep {
  return { requests: 1, xml: (cseq) => `${send(inDialog(cseq, 'BYE'))}\n  <recv response="200"/>` };
}

/** The server ends the call; more than `withinMs` later is a failure. */
export function awaitBye(withinMs = 60_000): SippStep {
  return {
    requests: 0,
    xml: () =>
      `  <recv request="BYE" timeout="${withinMs}"/>
  <nop><action><log message="mark [call_number] bye"/></action></nop>
  <send><![CDATA[

SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>`,
  };
}

/** Waits for 180, then cancels: 200 to the CANCEL, 487 to the INVITE (RFC 3261 9.2), in either order. */
export function ringingThenCancel(afterMs: number): SippStep {
  return {
    requests: 0,
    xml: (cseq) => `  <recv response="100" optional="true"/>
  <recv response="180"/>
  <pause milliseconds="${afterMs}"/>
  <send retrans="500"><![CDATA[

CANCEL sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch-4]
From: <sip:caller@[local_ip]:[local_port]>;tag=[pid]-[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: ${cseq} CANCEL
Max-Forwards: 70
Content-Length: 0

]]></send>
  <recv response="200"/>
  <recv response="487"/>
  <send><![CDATA[

ACK sip:[service]@[remote_ip]:[remote_port] SIP/2.0
[last_Via:]
[last_From:]
[last_To:]
Call-ID: [call_id]
CSeq: ${cseq} ACK
Max-Forwards: 70
Content-Length: 0

]]></send>`,
  };
}

/** The call is turned down with `status`. */
export function refused(status: number): SippStep {
  return {
    requests: 0,
    xml: (cseq) => `${provisional()}
  <recv response="${status}"/>
  <send><![CDATA[

ACK sip:[service]@[remote_ip]:[remote_port] SIP/2.0
[last_Via:]
[last_From:]
[last_To:]
Call-ID: [call_id]
CSeq: ${cseq} ACK
Max-Forwards: 70
Content-Length: 0

]]></send>`,
  };
}

function headers(cseq: number, method: string, to: string): string {
  return `Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:caller@[local_ip]:[local_port]>;tag=[pid]-[call_number]
${to}
Call-ID: [call_id]
CSeq: ${cseq} ${method}
Max-Forwards: 70`;
}

/** Start of a request within the dialog, sent to the Contact of the answer. */
function inDialog(cseq: number, method: string): string {
  return `${method} [next_url] SIP/2.0
${headers(cseq, method, 'To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]')}
[routes]`;
}

function ack(cseq: number): string {
  return `  <send><![CDATA[

${inDialog(cseq, 'ACK')}
Content-Length: 0

]]></send>`;
}

function send(head: string, body?: string): string {
  const tail = body === undefined ? 'Content-Length: 0\n' : `Content-Length: [len]\n\n${body}\n`;
  return `  <send retrans="500"><![CDATA[\n\n${head}\n${tail}\n]]></send>`;
}

function provisional(): string {
  return ['100', '180', '183'].map((code) => `  <recv response="${code}" optional="true"/>`).join('\n');
}

function sdpBody(sdp: SippSdp, version: number): string {
  const types = sdp.payloadTypes ?? [0, 8];
  const events = sdp.telephoneEvent ?? true;
  const lines = [
    'v=0',
    `o=- 20 ${version} IN IP[local_ip_type] [local_ip]`,
    's=-',
    'c=IN IP[media_ip_type] [media_ip]',
    't=0 0',
    `m=audio [field0] RTP/AVP ${[...types, ...(events ? [101] : [])].join(' ')}`,
    ...types.map((type) => `a=rtpmap:${type} ${type === 0 ? 'PCMU' : 'PCMA'}/8000`),
    ...(events ? ['a=rtpmap:101 telephone-event/8000', 'a=fmtp:101 0-15'] : []),
    'a=ptime:20',
    `a=${sdp.direction ?? 'sendrecv'}`,
  ];
  return lines.join('\n');
}
