/** Another implementation's router, as the tests of interoperation see it. */

export interface Logged {
  /** milliseconds since the epoch */
  readonly at: number;
  readonly line: string;
}

export interface Peer {
  readonly log: readonly Logged[];
  /** where the log is now, to look only at what follows */
  readonly mark: number;
  /** what it says of packets that it did not like */
  readonly complaints: readonly string[];
  /** the end of its log, to look at when a test fails */
  readonly tail: string;
  line(pattern: RegExp, from?: number): Promise<Logged>;
  becomes(state: 'MASTER' | 'BACKUP', from?: number): Promise<Logged>;
  /** an orderly stop */
  end(): Promise<void>;
  /** without a last word */
  crash(): Promise<void>;
  clear(): Promise<void>;
}
