/** Keywords of `vrrp_sync_group`. */
import type { GroupDraft } from '../drafts.js';
import type { BlockTable } from '../keyword.js';
import { wordsOf } from '../values.js';
import { notifyKeywords } from './notify.js';
import { trackKeywords } from './track.js';

export const syncGroupTable: BlockTable<GroupDraft> = {
  block: 'vrrp_sync_group',
  keywords: [
    { names: ['group'], becomes: 'instances', read: ({ block = [] }, draft) => void draft.members.push(...wordsOf(block).map(({ text, place }) => ({ name: text, place }))) },
    ...trackKeywords<GroupDraft>(),
    ...notifyKeywords<GroupDraft>(),
    { names: ['sync_group_tracking_weight'], becomes: 'weight in track of its members', read: (_, draft) => void (draft.keepsWeights = true) },
    { names: ['global_tracking'], becomes: 'weight in track of its members', read: (_, draft) => void (draft.keepsWeights = true) },
  ],
};
