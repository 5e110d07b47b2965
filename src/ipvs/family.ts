/** The kernel's IPVS family of generic netlink: its number, requests, dumps and batches. */
import { readU16, string } from '../network/netlink-attributes.js';
import { type BatchFailure, NetlinkChannel, NetlinkError, type NetlinkMessage } from '../network/netlink-channel.js';
import * as ipvs from './constants.js';
import { type Attributes, decodeMessage, encodeMessage, encodeRequest, IpvsMessageError, type Request, required } from './message.js';

/** The kernel has no IPVS: module `ip_vs` is not loaded and could not be loaded by the kernel itself. */
export class IpvsUnavailableError extends Error {
  readonly code = 'IPVS_UNAVAILABLE';
  readonly module = 'ip_vs';
  constructor(options?: ErrorOptions) {
    super('the kernel has no IPVS: load the module ip_vs', options);
    this.name = 'IpvsUnavailableError';
  }
}

/** CTRL_CMD_GETFAMILY: the question for the family's number. */
export const familyRequest = (): NetlinkMessage => ({
  type: ipvs.GENL_ID_CTRL,
  flags: 0,
  payload: encodeMessage(ipvs.CTRL_CMD_GETFAMILY, ipvs.CTRL_VERSION, [{ type: ipvs.CTRL_ATTR_FAMILY_NAME, value: string(ipvs.IPVS_GENL_NAME) }]),
});

/** The family's number in the answer. @throws IpvsMessageError */
export const familyNumber = (payload: Buffer): number => {
  const { attributes } = decodeMessage(payload);
  return readU16(required(attributes, ipvs.CTRL_ATTR_FAMILY_ID, "the family's number", 2));
};

/** Some milliseconds of the kernel's time: an advertisement of the vrrp child waits no longer, also where the kernel does not preempt. */
const largestBatch = 128;

export class IpvsFamily {
  private constructor(
    private readonly channel: NetlinkChannel,
    private readonly id: number,
  ) {}

  /** @throws IpvsUnavailableError, NetlinkError */
  static async open(): Promise<IpvsFamily> {
    const channel = NetlinkChannel.open('generic');
    try {
      const [answer] = await channel.request(familyRequest());
      if (!answer) throw new IpvsMessageError('an empty answer of the generic netlink controller');
      return new IpvsFamily(channel, familyNumber(answer.payload));
    } catch (error) {
      channel.close();
      throw error instanceof NetlinkError && error.code === 'ENOENT' ? new IpvsUnavailableError({ cause: error }) : error;
    }
  }

  /** @throws NetlinkError */
  async request(request: Request): Promise<readonly Attributes[]> {
    return this.decode(await this.channel.request(this.message(encodeRequest(request))));
  }

  /** @throws NetlinkError */
  async dump(request: Request): Promise<readonly Attributes[]> {
    return this.decode(await this.channel.dump(this.message(encodeRequest(request))));
  }

  /** In order; what is refused does not stop the rest. Each datagram is encoded when the one before is done: of ten thousand requests few are there at once. */
  async batch<T>(changes: readonly T[], encode: (change: T) => Buffer): Promise<readonly BatchFailure[]> {
    const failures: BatchFailure[] = [];
    for (let from = 0; from < changes.length; from += largestBatch) {
      const messages = changes.slice(from, from + largestBatch).map((change) => this.message(encode(change)));
      for (const { index, code } of await this.channel.batch(messages)) failures.push({ index: from + index, code });
    }
    return failures;
  }

  close(): void {
    this.channel.close();
  }

  private message(payload: Buffer): NetlinkMessage {
    return { type: this.id, flags: 0, payload };
  }

  private decode(messages: readonly NetlinkMessage[]): readonly Attributes[] {
    return messages.filter(({ type }) => type === this.id).map(({ payload }) => decodeMessage(payload).attributes);
  }
}
