/** Labels and annotations: Kubernetes' qualified names and values. Pure. Source: Kubernetes API conventions. */
import type { Problem } from '../../lib/problem.ts';
import { map, text } from '../../lib/schema.ts';
import type { Legible } from '../legible.ts';
import { memberPath, problemOf } from '../read.ts';
import { checkSubdomain } from './name.ts';

const namePattern = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const valuePattern = /^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/;
const annotationsBytesMax = 262_144;

/** String to string, keys checked apart. */
export const stringMap = map(text());

/** What is wrong with `[prefix/]name`, or undefined. */
export function checkQualifiedName(key: string): string | undefined {
  const parts = key.split('/');
  if (parts.length > 2) return 'key must have at most one slash';
  const name = parts.at(-1)!;
  if (name.length > 63) return 'name part of the key must be at most 63 characters long';
  if (!namePattern.test(name)) {
    return "name part of the key must consist of letters, digits, '-', '_' and '.', and begin and end with a letter or digit";
  }
  const message = parts.length === 2 ? checkSubdomain(parts[0]!) : undefined;
  return message === undefined ? undefined : `prefix of the key ${message}`;
}

/** What is wrong with a label's value, or undefined. */
export function checkLabelValue(value: string): string | undefined {
  if (value.length > 63) return 'must be at most 63 characters long';
  return valuePattern.test(value)
    ? undefined
    : "must be empty or consist of letters, digits, '-', '_' and '.', and begin and end with a letter or digit";
}

/** Every illegal key and value of a label map. */
export function checkLabels(labels: Legible<Record<string, string>>, path: string): Problem[] {
  const problems: Problem[] = [];
  for (const [key, value] of Object.entries(labels)) {
    const message = checkQualifiedName(key) ?? checkLabelValue(value ?? '');
    if (message !== undefined) problems.push(problemOf(memberPath(path, key), message, value));
  }
  return problems;
}

/** Every illegal key of an annotation map, and its total size. Keys may have capitals in the prefix. */
export function checkAnnotations(annotations: Legible<Record<string, string>>, path: string): Problem[] {
  const problems: Problem[] = [];
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations)) {
    const message = checkQualifiedName(key.toLowerCase());
    if (message !== undefined) problems.push(problemOf(memberPath(path, key), message));
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value ?? '');
  }
  if (bytes > annotationsBytesMax) {
    problems.push(problemOf(path, `must be at most ${annotationsBytesMax} bytes in all, has ${bytes}`));
  }
  return problems;
}
