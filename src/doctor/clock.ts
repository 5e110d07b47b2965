/** Whether the kernel's clock is kept right (adjtimex(2)), asked without changing anything. */
import koffi from 'koffi';

/** linux/timex.h, struct timex of a 64-bit machine: modes at 0, status at 40 */
const timexSize = 208;
const statusOffset = 40;
const STA_UNSYNC = 0x40;

/** Undefined where the kernel does not say. */
export const clockSynchronised = (): boolean | undefined => {
  const adjtimex = koffi.load('libc.so.6').func('int adjtimex(void *buffer)');
  const timex = Buffer.alloc(timexSize); // modes 0: only read
  if ((adjtimex(timex) as number) < 0) return undefined;
  return (timex.readInt32LE(statusOffset) & STA_UNSYNC) === 0;
};
