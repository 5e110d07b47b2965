/** Takes this thread into a network namespace and back: a socket belongs to the one in which it was opened. */
import { closeSync, openSync } from 'node:fs';
import koffi from 'koffi';

/** sched.h; setns moves the calling thread only, which is the one that opens the sockets */
const CLONE_NEWNET = 0x40000000;
const setns = koffi.load('libc.so.6').func('int setns(int fd, int type)');

const enter = (fd: number): void => {
  try {
    if (setns(fd, CLONE_NEWNET) !== 0) throw new Error('setns failed');
  } finally {
    closeSync(fd);
  }
};

/** @param namespace as `ip netns` names it. @returns goes back; to be called once. @throws Error */
export const visit = (namespace: string): (() => void) => {
  const home = openSync('/proc/thread-self/ns/net', 'r');
  enter(openSync(`/run/netns/${namespace}`, 'r'));
  return () => enter(home);
};
