/** What tells of secrets, wherever there are some. (In a text: mask-secrets.ts.) */

/** Read permission of the group and of others, in the permission bits of a file. */
export const readableByOthers = 0o044;

/** What stands for a secret wherever one would be shown. */
export const mask = '********';
