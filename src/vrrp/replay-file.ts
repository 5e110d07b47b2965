/** A recording's file as `tandem replay` shows it. Pure. */
import { decodeRecording, type Recording, RecordingError } from './recording.js';
import { narrate } from './replay.js';

/**
 * The parts of a file that was changed, or damaged, may each be of the right kind and still make no sense to the router.
 * @throws RecordingError, nothing else
 */
export const narrateFile = (text: string): ReturnType<typeof narrate> => {
  const recording: Recording = decodeRecording(text);
  try {
    return narrate(recording);
  } catch (error) {
    throw new RecordingError(`its inputs cannot be replayed, ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
};
