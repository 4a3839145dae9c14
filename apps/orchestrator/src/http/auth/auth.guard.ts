import { type CanActivate, type ExecutionContext, Inject, Injectable, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AUTHENTICATOR, RATES } from '../../tokens.ts';
import type { Rates } from '../rates.ts';
import { headerOf, setPrincipal } from '../request.ts';
import { routeOf } from '../route.ts';
import type { Authenticator } from './authenticator.ts';
import { demandRole } from './principal.ts';

const OPEN = 'hcc:open';

/** A route that needs no API token. Everything else does. */
export const Open = () => SetMetadata(OPEN, true);

@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    @Inject(AUTHENTICATOR) private readonly authenticate: Authenticator,
    @Inject(RATES) private readonly rates: Rates,
    @Inject(Reflector) private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (this.reflector.getAllAndOverride<boolean>(OPEN, [context.getHandler(), context.getClass()])) return true;
    const roles = routeOf(context.getHandler())?.roles;
    if (roles === 'open' || roles === 'join-token') return true;
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const principal = await this.authenticate(headerOf(request, 'authorization'));
    setPrincipal(request, principal);
    await this.rates.ofCaller(request, http.getResponse<FastifyReply>());
    if (roles !== undefined) demandRole(principal, ...roles);
    return true;
  }
}
