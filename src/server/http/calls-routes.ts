import type { FastifyInstance } from 'fastify';
import { type CommandServices, runCommand } from '../commands/run-command.ts';

/** Commands to running calls (spec/rest.md 2). The caller has checked the credentials. */
export function addCallsRoutes(app: FastifyInstance, services: CommandServices): void {
  app.post('/api/calling/calls', (request) => runCommand(request.body, services));
}
