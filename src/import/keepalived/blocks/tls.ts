/** Keywords of `SSL`. */
import type { FileDraft } from '../drafts.js';
import type { BlockTable } from '../keyword.js';
import { argument } from '../values.js';

export const tlsTable: BlockTable<FileDraft['tls']> = {
  block: 'SSL',
  keywords: [
    {
      names: ['certificate'],
      becomes: 'health_check.client_certificate',
      most: 1,
      read: (statement, draft, findings) => {
        const path = argument(statement, findings);
        if (path !== undefined) draft.certificate = path.text;
      },
    },
    {
      names: ['key'],
      becomes: 'health_check.client_key',
      most: 1,
      read: (statement, draft, findings) => {
        const path = argument(statement, findings);
        if (path !== undefined) draft.key = path.text;
      },
    },
    { names: ['ca'], reason: 'keepalived verifies no certificate, and neither does the check that it becomes', remedy: 'give the check ca and verify: true, if it is to be verified' },
    { names: ['password'], reason: 'a private key has no passphrase', remedy: 'openssl pkey -in KEY -out NEW, and chmod 600' },
  ],
};
