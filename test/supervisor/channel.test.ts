/** Messages between the processes: capped, counted, never thrown. */
import { EventEmitter } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { CappedSender, ParentChannel } from '../../src/supervisor/channel.js';

class FakeProcess extends EventEmitter {
  connected = true;
  readonly sent: object[] = [];
  readonly callbacks: ((error: Error | null) => void)[] = [];
  send(message: object, _handle: undefined, _options: undefined, callback: (error: Error | null) => void): boolean {
    this.sent.push(message);
    this.callbacks.push(callback);
    return true;
  }
  deliver(): void {
    for (const callback of this.callbacks.splice(0)) callback(null);
  }
}

describe('a capped sender', () => {
  it('drops and counts what exceeds the cap, and sends again when there is room', () => {
    const process = new FakeProcess();
    const sender = new CappedSender(process, 2);
    expect([1, 2, 3].map((n) => sender.send({ n }))).toEqual([true, true, false]);
    expect(sender.dropped).toBe(1);
    process.deliver();
    expect(sender.send({ n: 4 })).toBe(true);
    expect(process.sent).toEqual([{ n: 1 }, { n: 2 }, { n: 4 }]);
  });

  it('counts what cannot be sent since the other side is gone, also when send throws', () => {
    const process = new FakeProcess();
    const sender = new CappedSender(process);
    process.connected = false;
    expect(sender.send({})).toBe(false);
    process.connected = true;
    process.send = () => {
      throw new Error('ERR_IPC_CHANNEL_CLOSED');
    };
    expect(sender.send({})).toBe(false);
    expect(sender.dropped).toBe(2);
  });
});

describe('the channel of a child to its supervisor', () => {
  const channelOf = (fake: FakeProcess) => new ParentChannel<{ type: string }, { type: string }>(fake as unknown as NodeJS.Process);

  it('hands over messages', () => {
    const fake = new FakeProcess();
    const received = vi.fn();
    channelOf(fake).onMessage(received);
    fake.emit('message', { type: 'stop' });
    expect(received).toHaveBeenCalledExactlyOnceWith({ type: 'stop' });
  });

  it('tells once that the supervisor is gone, and also who asks later', async () => {
    const fake = new FakeProcess();
    const channel = channelOf(fake);
    const early = vi.fn();
    const late = vi.fn();
    channel.onDisconnect(early);
    fake.connected = false;
    fake.emit('disconnect');
    expect(early).toHaveBeenCalledOnce();
    channel.onDisconnect(late);
    await Promise.resolve();
    expect(late).toHaveBeenCalledOnce();
    expect(channel.send({ type: 'event' })).toBe(false);
  });

  it('tells the supervisor how many messages were dropped once there is room again', () => {
    const fake = new FakeProcess();
    const channel = channelOf(fake);
    for (let n = 0; n < 10_003; n++) channel.send({ type: 'event' });
    expect(channel.dropped).toBe(3);
    fake.deliver();
    expect(fake.sent.at(-1)).toEqual({ type: 'messages_dropped', count: 3 });
  });

  it('lets the child tell anew what matters when messages were dropped, once there is room again, and not before', () => {
    const fake = new FakeProcess();
    const channel = channelOf(fake);
    channel.onRoom(() => void channel.send({ type: 'transitions' }));
    channel.send({ type: 'event' });
    fake.deliver();
    for (let n = 0; n < 10_001; n++) channel.send({ type: 'event' });
    expect(fake.sent.filter((message) => JSON.stringify(message).includes('transitions'))).toEqual([]);
    fake.deliver();
    expect(fake.sent.slice(-2)).toEqual([{ type: 'messages_dropped', count: 1 }, { type: 'transitions' }]);
  });
});
