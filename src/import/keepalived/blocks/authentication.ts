/** Keywords of `authentication` and `auth_hmac`. */
import type { AuthenticationDraft, HmacDraft } from '../drafts.js';
import type { BlockTable } from '../keyword.js';
import { argument, integer, invalid, seconds } from '../values.js';

export const authenticationTable: BlockTable<AuthenticationDraft> = {
  block: 'authentication',
  keywords: [
    {
      names: ['auth_type'],
      becomes: 'authentication.type (PASS: pass, with version 2; AH: nothing)',
      most: 1,
      read: (statement, draft, findings) => {
        const type = argument(statement, findings);
        if (type?.text === 'PASS' || type?.text === 'AH') draft.type = type.text;
        else if (type !== undefined) invalid(type, 'PASS or AH', findings);
      },
    },
    {
      names: ['auth_pass'],
      becomes: 'authentication.password',
      most: 1,
      read: (statement, draft, findings) => {
        const password = argument(statement, findings);
        if (password !== undefined) draft.password = password.text;
      },
    },
  ],
};

const modes = { enforce: 'enforce', permissive: 'permissive', 'receive-only': 'receive_only', receive_only: 'receive_only' } as const;
const isMode = (text: string): text is keyof typeof modes => Object.hasOwn(modes, text);

export const hmacTable: BlockTable<HmacDraft> = {
  block: 'auth_hmac',
  keywords: [
    {
      names: ['key'],
      becomes: 'authentication.keys[]',
      most: 2,
      read: (statement, draft, findings) => {
        const id = integer(statement, { from: 1, to: 255 }, findings);
        const key = argument(statement, findings, 1);
        if (id === undefined || key === undefined) return;
        const isFile = key.text.startsWith('file:');
        draft.keys.push({ id, key: isFile ? key.text.slice('file:'.length) : key.text, isFile, place: statement.place });
      },
    },
    {
      names: ['active_key'],
      becomes: 'authentication.active_key',
      most: 1,
      read: (statement, draft, findings) => {
        const id = integer(statement, { from: 1, to: 255 }, findings);
        if (id !== undefined) draft.activeKey = id;
      },
    },
    {
      names: ['mode'],
      becomes: 'authentication.mode',
      most: 1,
      read: (statement, draft, findings) => {
        const mode = argument(statement, findings);
        if (mode !== undefined && isMode(mode.text)) draft.mode = modes[mode.text];
        else if (mode !== undefined) invalid(mode, 'enforce, permissive or receive-only', findings);
      },
    },
    {
      names: ['anti_replay'],
      becomes: 'authentication.anti_replay',
      most: 1,
      read: (statement, draft, findings) => {
        const way = argument(statement, findings);
        if (way?.text === 'time' || way?.text === 'monotonic') draft.antiReplay = way.text;
        else if (way !== undefined) invalid(way, 'time or monotonic', findings);
      },
    },
    {
      names: ['time_window'],
      becomes: 'authentication.time_window',
      most: 1,
      read: (statement, draft, findings) => {
        const window = seconds(statement, { from: 1, to: 300 }, findings);
        if (window !== undefined) draft.window = window;
      },
    },
  ],
};
