/** The quorum of one virtual server: whether the weights of its healthy real servers suffice, with hysteresis. */

export type QuorumState = 'undecided' | 'up' | 'down';

export interface QuorumInput {
  readonly previous: QuorumState;
  /** sum of the configured weights of the servers that are up */
  readonly weight: number;
  readonly quorum: { readonly weight: number; readonly hysteresis: number };
  /** some server has no verdict yet */
  readonly anyUnknown: boolean;
  /** deciding `down` now would bring in a sorry server that is not in the table yet */
  readonly wouldBringInSorry: boolean;
}

/**
 * Up at `weight + hysteresis` coming from down, at `weight` coming from undecided; down at 0 or under `weight - hysteresis`.
 * While verdicts are missing, what is not reached is undecided; but a quorum that was down stays down (with its hysteresis) where that changes nothing.
 */
export function nextQuorum({ previous, weight, quorum, anyUnknown, wouldBringInSorry }: QuorumInput): QuorumState {
  const needed = quorum.weight + { undecided: 0, up: -quorum.hysteresis, down: quorum.hysteresis }[previous];
  if (weight > 0 && weight >= needed) return 'up';
  if (!anyUnknown) return 'down';
  return previous === 'down' && !wouldBringInSorry ? 'down' : 'undecided';
}
