/** The `http` and `https` checks: requests one after the other, each on a connection of its own, and the redirects that are followed. */
import { readFileSync } from 'node:fs';
import type { HttpHealthCheck, HttpRequest } from '../config/model.js';
import { afterThis, attempt, type Attempt, partOf, type Probe } from './attempt.js';
import { describeFailure } from './failure.js';
import { isShortage } from '../network/shortage.js';
import { accepts, BodyJudge, describeRanges, type Judgement } from './http-answer.js';
import { followRedirect, isRedirect } from './http-redirect.js';
import { kept } from './kept.js';
import { describeEndpoint } from './wording.js';

/** What comes back, whatever the version of HTTP. */
export interface Answer {
  readonly onHead: (status: number, location: string | undefined) => void;
  readonly onData: (chunk: Buffer) => void;
  readonly onEnd: () => void;
  readonly onError: (error: unknown) => void;
}

type Send = (check: HttpHealthCheck, request: HttpRequest, headers: Readonly<Record<string, string>>, self: Attempt, answer: Answer) => void;

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { readonly version: string };

const http1 = kept(() => import('./http1.js'));
const http2 = kept(() => import('./http2.js'));

export const probeHttp: Probe<HttpHealthCheck> = async (check, stop) => {
  const send: Send = check.httpVersion === '2' ? (await http2()).request2 : (await http1()).request1;
  return attempt(check, stop, (self) => ask(check, check.requests, self, send));
};

/** All of them must be right. */
const ask = (check: HttpHealthCheck, [request, ...more]: readonly HttpRequest[], self: Attempt, send: Send): void => {
  if (request === undefined) return self.fail('no URL to ask for');
  const about = check.requests.length > 1 ? `${request.path}: ` : '';
  exchange(check, request, check.redirects ?? 0, self, send, (judged) => {
    if (!judged.ok) self.fail(`${about}${judged.reason}`);
    else if (more.length > 0) ask(check, more, self, send);
    else self.succeed(check.requests.length > 1 ? `${check.requests.length} URLs as expected` : judged.detail);
  });
};

/** `onJudged` comes once, when nothing of the exchange is open any more, but for a failure that ends the attempt anyway. */
const exchange = (check: HttpHealthCheck, request: HttpRequest, redirects: number, self: Attempt, send: Send, onJudged: (judgement: Judgement) => void): void => {
  const host = request.host ?? defaultHost(check);
  const part = partOf(self);
  let done = false;
  let judge: BodyJudge | undefined;
  const then = (next: () => void): void => {
    if (done) return;
    done = true;
    part.close();
    // Not within the callback: the parser of undici, for one, does not expect its socket to go meanwhile.
    void afterThis.then(() => {
      part.release();
      // what is thrown here would end the process
      try {
        next();
      } catch (error) {
        self.error(error);
      }
    });
  };
  const settle = (judgement: Judgement | undefined): void => {
    if (judgement === undefined || done) return;
    // the last one is released with the attempt
    if (judgement.ok) return then(() => onJudged(judgement));
    done = true;
    onJudged(judgement);
  };
  send(check, request, { host, 'user-agent': `tandem/${version}`, ...lowerCase(request.headers) }, part.attempt, {
    onHead(status, location) {
      self.stage = 'in the body';
      if (location !== undefined && isRedirect(status) && redirects > 0) {
        const next = followRedirect(request, status, location, check.type, host);
        if (typeof next === 'string') settle({ ok: false, reason: next });
        else then(() => exchange(check, next, redirects - 1, self, send, onJudged));
      } else if (!accepts(request, status)) {
        const exhausted = location !== undefined && isRedirect(status) && check.redirects ? ` after ${check.redirects} ${check.redirects === 1 ? 'redirect' : 'redirects'}` : '';
        settle({ ok: false, reason: `HTTP status ${status}${exhausted}, expected ${describeRanges(request.status)}` });
      } else judge = new BodyJudge(request, status);
    },
    onData(chunk) {
      if (!done) settle(judge?.data(chunk));
    },
    onEnd() {
      if (!done) settle(judge?.end());
    },
    onError(error) {
      if (isShortage(error)) self.error(error);
      else settle({ ok: false, reason: describeFailure(error) });
    },
  });
};

const lowerCase = (headers: HttpRequest['headers']): Readonly<Record<string, string>> | undefined => headers && Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

const defaultHost = (check: HttpHealthCheck): string => {
  const endpoint = describeEndpoint(check);
  const isSchemesOwn = check.port === (check.type === 'https' ? 443 : 80);
  return isSchemesOwn ? endpoint.slice(0, endpoint.lastIndexOf(':')) : endpoint;
};
