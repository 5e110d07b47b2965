/** Into a draft what was read, if something was. */

/** Keeps what was there when there is nothing new. */
export function assign<Draft, Key extends keyof Draft>(draft: Draft, key: Key, value: Draft[Key] | undefined): void {
  if (value !== undefined) draft[key] = value;
}
