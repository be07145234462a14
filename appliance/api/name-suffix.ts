/** What makes a name of `generateName` new. Draws random numbers. */
import { randomInt } from 'node:crypto';

const letters = 'bcdfghjklmnpqrstvwxz2456789';

/** Five letters and digits that cannot be misread, as Kubernetes draws them. */
export function nameSuffix(): string {
  return Array.from({ length: 5 }, () => letters[randomInt(letters.length)]).join('');
}
