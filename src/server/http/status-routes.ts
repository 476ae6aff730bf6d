import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** What the status page shows. */
export interface ServerStatus {
  readonly version: string;
  /** SIP URIs that callers may call, e.g. `sip:anything@192.0.2.1:5060;transport=tcp`. */
  readonly sipAddresses: readonly string[];
  readonly httpAddress: string;
  readonly callsNow: number;
  /** Seconds since the start. */
  readonly uptime: number;
}

/** One thing that must work before calls are taken. */
export interface ReadinessCheck {
  readonly name: string;
  readonly ok: boolean;
  /** What is wrong and what cures it. */
  readonly detail?: string;
}

export interface StatusOptions {
  readonly status: () => ServerStatus;
  /** Asked at each request of `/readyz`; none means ready. */
  readonly readiness: () => readonly ReadinessCheck[];
}

/** `/healthz`: the process answers. `/readyz`: it takes calls. `/`: the same for people. */
export function addStatusRoutes(app: FastifyInstance, options: StatusOptions): void {
  app.get('/healthz', () => ({ status: 'ok' }));
  app.get('/readyz', (_request, reply) => {
    const checks = options.readiness();
    const ready = checks.every(({ ok }) => ok);
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready', checks });
  });
  app.get('/', (request, reply) => sendPage(request, reply, options.status()));
}

function sendPage(request: FastifyRequest, reply: FastifyReply, status: ServerStatus): FastifyReply {
  const lines: readonly (readonly [string, string])[] = [
    ['Version', status.version],
    ...status.sipAddresses.map((address) => ['Call', address] as const),
    ['HTTP', status.httpAddress],
    ['Calls now', String(status.callsNow)],
    ['Up for', duration(status.uptime)],
  ];
  reply.header('cache-control', 'no-store');
  if (!(request.headers.accept ?? '').includes('text/html')) {
    const text = lines.map(([name, value]) => `${`${name}:`.padEnd(11)}${value}\n`).join('');
    return reply.type('text/plain; charset=utf-8').send(`OpenSWML\n${text}`);
  }
  const rows = lines.map(([name, value]) => `<tr><th>${escapeHtml(name)}<td>${escapeHtml(value)}`).join('\n');
  return reply
    .type('text/html; charset=utf-8')
    .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'")
    .send(
      '<!doctype html><html lang="en"><meta charset="utf-8"><title>OpenSWML</title>' +
        '<style>body{font:16px system-ui;margin:3em}th{text-align:left;padding-right:2em}</style>' +
        `<h1>OpenSWML</h1>\n<table>\n${rows}\n</table></html>\n`,
    );
}

function duration(seconds: number): string {
  const whole = Math.floor(seconds);
  const [days, hours, minutes] = [
    Math.floor(whole / 86_400),
    Math.floor(whole / 3_600) % 24,
    Math.floor(whole / 60) % 60,
  ];
  return `${days > 0 ? `${days} d ` : ''}${hours} h ${minutes} min ${whole % 60} s`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
