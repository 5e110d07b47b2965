/** Services of the kernel's answers, decoded again only where something other than their statistics has changed: at an audit of a thousand hardly one has. */
import { readAttributeHeader } from '../network/netlink-attributes.js';
import { IPVS_SVC_ATTR_STATS, IPVS_SVC_ATTR_STATS64 } from './constants.js';
import { decodeService, type Service } from './service.js';

export class ServiceMemory {
  private known: ReadonlyMap<string, Service> = new Map();

  /** The contents of IPVS_CMD_ATTR_SERVICE. @throws IpvsMessageError, NetlinkFormatError */
  decode(contents: readonly Buffer[]): readonly Service[] {
    const seen = new Map<string, Service>();
    const services = contents.map((content) => {
      const settings = content.toString('latin1', 0, settingsEnd(content));
      const service = this.known.get(settings) ?? decodeService(content);
      seen.set(settings, service);
      return service;
    });
    this.known = seen;
    return services;
  }
}

/** Where the statistics begin when they come last, as the kernel has them (ip_vs_genl_fill_service), else all of it. @throws NetlinkFormatError */
const settingsEnd = (content: Buffer): number => {
  let end: number | undefined;
  for (let offset = 0; offset < content.length; ) {
    const { type, next } = readAttributeHeader(content, offset);
    const isStatistics = type === IPVS_SVC_ATTR_STATS || type === IPVS_SVC_ATTR_STATS64;
    if (isStatistics) end ??= offset;
    else if (end !== undefined) return content.length;
    offset = next;
  }
  return end ?? content.length;
};
