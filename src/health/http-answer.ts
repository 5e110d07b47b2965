/** Whether the answer to one request of an http or https check is as it must be. Pure but for what it is fed. */
import { createHash, type Hash } from 'node:crypto';
import type { HttpRequest } from '../config/model.js';
import { BoundedPattern } from './bounded-pattern.js';

/** What is read of a body where only a pattern may ask for it; the rest is not waited for. */
export const bodyLimit = 64 * 1024;
/** What is read where a digest does: it is of the whole body. */
export const digestLimit = 1024 * 1024;

export type Judgement = { readonly ok: true; readonly detail: string } | { readonly ok: false; readonly reason: string };

export const accepts = ({ status: ranges }: HttpRequest, status: number): boolean => ranges.some(([first, last]) => first <= status && status <= last);

export const describeRanges = (ranges: HttpRequest['status']): string => ranges.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(', ');

const digestNames = { sha256: 'SHA-256', md5: 'MD5' } as const;

/** Fed chunk by chunk; says when it knows. Without a pattern too the body is read: a server that breaks off or stalls in it is not healthy. */
export class BodyJudge {
  readonly #pattern: BoundedPattern | undefined;
  readonly #hash: Hash | undefined;
  readonly #chunks: Buffer[] = [];
  #length = 0;

  constructor(
    private readonly request: HttpRequest,
    private readonly status: number,
  ) {
    this.#pattern = request.body === undefined ? undefined : new BoundedPattern(new RegExp(request.body));
    this.#hash = request.digest && createHash(request.digest.algorithm);
  }

  /** undefined: more is needed. */
  data(chunk: Buffer): Judgement | undefined {
    if (this.#pattern !== undefined && this.#length < bodyLimit) this.#chunks.push(chunk);
    this.#length += chunk.length;
    if (this.#hash === undefined) return this.#length >= bodyLimit ? this.end() : undefined;
    if (this.#length > digestLimit) return { ok: false, reason: 'body is longer than 1 MiB: its digest is not made' };
    this.#hash.update(chunk);
    return undefined;
  }

  /** The body is over, or as much of it as is looked at. */
  end(): Judgement {
    const { digest } = this.request;
    const said = [`HTTP status ${this.status}`];
    if (this.#pattern !== undefined) {
      const { pattern } = this.#pattern;
      const found = this.#pattern.test(Buffer.concat(this.#chunks).subarray(0, bodyLimit).toString('utf8'));
      if (found === undefined) return { ok: false, reason: `body: ${this.#pattern.overrun}` };
      if (!found) return { ok: false, reason: `body does not match ${String(pattern)}` };
      said.push(`body matches ${String(pattern)}`);
    }
    if (digest !== undefined && this.#hash !== undefined) {
      const found = this.#hash.digest('hex');
      const name = digestNames[digest.algorithm];
      if (found !== digest.value) return { ok: false, reason: `${name} of the body is ${found}, expected ${digest.value}` };
      said.push(`body has the ${name}`);
    }
    return { ok: true, detail: said.join(', ') };
  }
}
