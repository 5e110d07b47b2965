/** The agent: runs inside the lab kernel, starts scripts as it is told over the serial line, reports their output and end. */
import { spawn, type ChildProcess } from 'node:child_process';
import { openSync } from 'node:fs';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';
import { ReadStream, WriteStream } from 'node:tty';
import type { FromAgent, OutputStream, ToAgent } from './messages.js';

/** How long output may still come after a script's end (a daemon that it left behind holds the pipe open). */
const afterExit = 200;

const line = new WriteStream(openSync('/dev/ttyS0', 'r+'));
const children = new Map<number, ChildProcess>();

const send = (message: FromAgent): void => void line.write(`${JSON.stringify(message)}\n`);

function start(id: number, script: string): void {
  const child = spawn('/bin/bash', ['-c', script], { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = (stream: OutputStream) => (data: string) => send({ type: 'output', id, stream, data, time: Date.now() });
  child.stdout.setEncoding('utf8').on('data', output('stdout'));
  child.stderr.setEncoding('utf8').on('data', output('stderr'));
  child.on('error', (error) => {
    output('stderr')(`lab: ${error.message}\n`);
    send({ type: 'exit', id, status: 126, time: Date.now() });
  });
  if (child.pid === undefined) return;
  children.set(id, child);
  send({ type: 'started', id, pid: child.pid });
  child.on('exit', (code, signal) => {
    const status = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
    const time = Date.now();
    let told = false;
    const tell = (): void => {
      if (told) return;
      told = true;
      children.delete(id);
      send({ type: 'exit', id, status, time });
    };
    child.on('close', tell);
    setTimeout(tell, afterExit);
  });
}

function signal(id: number, name: NodeJS.Signals, group: boolean): void {
  const pid = children.get(id)?.pid;
  if (pid === undefined) return;
  try {
    process.kill(group ? -pid : pid, name);
  } catch (error) {
    // ended in the meantime: its exit is on its way
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

function handle(message: ToAgent): void {
  switch (message.type) {
    case 'start':
      return start(message.id, message.script);
    case 'signal':
      return signal(message.id, message.signal, message.group);
    case 'now':
      return send({ type: 'now', id: message.id, time: Date.now() });
    case 'power_off':
      process.exit(0);
  }
}

let pieces = '';

function take(piece: string): void {
  send({ type: 'taken' });
  pieces += piece.slice(1);
  if (piece.startsWith('+')) return;
  const message = JSON.parse(pieces) as ToAgent;
  pieces = '';
  handle(message);
}

// The line's end means that the host side is gone: init powers off when this process ends.
createInterface({ input: new ReadStream(openSync('/dev/ttyS0', 'r+')) })
  .on('line', take)
  .on('close', () => process.exit(0));
send({ type: 'ready' });
