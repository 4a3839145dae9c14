import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AUTHENTICATOR, RATES } from '../../tokens.ts';
import type { Rates } from '../rates.ts';
import { headerOf, setPrincipal } from '../request.ts';
import { routeOf } from '../route.ts';
import type { Authenticator } from './authenticator.ts';
import { demandRole } from './principal.ts';

/** Admits whom the route's description admits, and nobody to a route that has none. */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    @Inject(AUTHENTICATOR) private readonly authenticate: Authenticator,
    @Inject(RATES) private readonly rates: Rates,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const route = routeOf(context.getHandler());
    if (route === undefined) throw new Error(`BUG: ${context.getClass().name} answers what no route describes`);
    const { roles } = route;
    if (roles === 'open' || roles === 'join-token') return true;
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const principal = await this.authenticate(headerOf(request, 'authorization'));
    setPrincipal(request, principal);
    await this.rates.ofCaller(request, http.getResponse<FastifyReply>());
    demandRole(principal, ...roles);
    return true;
  }
}
