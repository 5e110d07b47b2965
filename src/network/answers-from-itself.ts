/**
 * Whether this host takes packets that come from one of its own addresses: those that a real server sends from a virtual address which this host
 * holds too. By default the kernel drops them (linux/net/ipv4/fib_frontend.c, fib_validate_source()). IPv6 has no such rule. Pure.
 */

/** A setting of net.ipv4.conf for all interfaces, and for one; undefined = there is none. */
export interface LinkSetting {
  readonly all: string | undefined;
  readonly link: string | undefined;
}

/** Either of the two will do (linux/inetdevice.h, IN_DEV_ACCEPT_LOCAL). */
export const takesLocal = ({ all, link }: LinkSetting): boolean => all === '1' || link === '1';

/** The higher number of the two counts: 0 none, 1 strict, 2 loose (Documentation/networking/ip-sysctl.rst). */
export const isStrict = ({ all, link }: LinkSetting): boolean => Math.max(Number(all ?? 0), Number(link ?? 0)) === 1;

/**
 * Which setting of the interface that they come in by has them dropped, as `NAME is VALUE`; undefined: none.
 * @param sameLink the address is on that interface: then the strict filter sees nothing wrong
 */
export const droppedBy = (link: string, settings: { readonly acceptLocal: LinkSetting; readonly rpFilter: LinkSetting }, sameLink: boolean): string | undefined => {
  if (!takesLocal(settings.acceptLocal)) return `net.ipv4.conf.${link}.accept_local is 0`;
  return !sameLink && isStrict(settings.rpFilter) ? `net.ipv4.conf.${link}.rp_filter is 1` : undefined;
};
