/** Redirects that a check follows: only those that stay on the server that it is about. Pure. */
import type { HttpRequest } from '../config/model.js';

/** RFC 9110 15.4 */
const redirects = new Set([301, 302, 303, 307, 308]);

export const isRedirect = (status: number): boolean => redirects.has(status);

/**
 * The request that a redirect asks for, or why it is not made, in words. Connections always go to the check's own address: what leads to another
 * host or scheme would be a check of another server, and would let a real server send the director's probes wherever it likes.
 * @param scheme with the host, what the request was made to: `www.example`, `10.0.0.1:8080`
 */
export function followRedirect(request: HttpRequest, status: number, location: string, scheme: 'http' | 'https', host: string): HttpRequest | string {
  const base = `${scheme}://${host}`;
  let target: URL;
  try {
    target = new URL(location, `${base}${request.path}`);
  } catch {
    return `HTTP status ${status} with a Location that is no URL: ${shown(location)}`;
  }
  if (target.origin !== new URL(base).origin) return `HTTP status ${status} leads to ${shown(target.origin)}, not to this server (${base}), and is not followed`;
  // RFC 9110 15.4.2 to 15.4.4: POST becomes GET as with every browser; 307 and 308 leave it
  const becomesGet = status === 303 ? request.method !== 'HEAD' : (status === 301 || status === 302) && request.method === 'POST';
  const { requestBody, ...rest } = request;
  return { ...rest, path: `${target.pathname}${target.search}`, ...(becomesGet ? { method: 'GET' } : requestBody === undefined ? {} : { requestBody }) };
}

const shown = (text: string): string => JSON.stringify(text.slice(0, 100)).slice(1, -1);
