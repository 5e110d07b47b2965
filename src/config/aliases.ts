/** What each alias of a YAML document stands for, found in one pass (Alias.resolve() walks the whole document each time). */
import { isAlias, visit, type Alias, type Document, type Node } from 'yaml';

export type AliasTargets = ReadonlyMap<Alias, Node>;

/** An alias stands for the last node before it that has its anchor; one without is not in the map. */
export const aliasTargets = (document: Document): AliasTargets => {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  visit(document, {
    Alias: (_, alias) => {
      const target = anchors.get(alias.source);
      if (target !== undefined) targets.set(alias, target);
    },
    Value: (_, node) => {
      if (!isAlias(node) && node.anchor !== undefined) anchors.set(node.anchor, node);
    },
  });
  return targets;
};
