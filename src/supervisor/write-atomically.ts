/** A file that is replaced in one step. */
import { open, rename, unlink } from 'node:fs/promises';

/** Written whole or not at all: the file is never seen half written, also after a crash of the machine. */
export const writeAtomically = async (path: string, text: string): Promise<void> => {
  const temporary = `${path}.new`;
  try {
    const file = await open(temporary, 'w', 0o644);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
};
