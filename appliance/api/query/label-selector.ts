/**
 * Kubernetes label selectors: equality and set based requirements, all of which must hold. Pure.
 * Not Calico's selector language, which stands inside policies. Source: Kubernetes, "Labels and Selectors".
 */
import { apiErrors } from '../errors.ts';

export type Labels = Readonly<Record<string, string>>;

/** True when all requirements hold. */
export type LabelMatch = (labels: Labels) => boolean;

/** Parses a selector; API_BAD_REQUEST names the part that is wrong. */
export function parseLabelSelector(text: string): LabelMatch {
  const requirements = splitRequirements(text).map(parseRequirement);
  return (labels) => requirements.every((isMet) => isMet(labels));
}

/** Splits at commas outside parentheses. */
function splitRequirements(text: string): string[] {
  const parts = text.split(/,(?![^(]*\))/).map((part) => part.trim());
  return parts.length === 1 && parts[0] === '' ? [] : parts;
}

const key = '((?:[a-zA-Z0-9.-]+/)?[a-zA-Z0-9](?:[a-zA-Z0-9_.-]*[a-zA-Z0-9])?)';
const value = '([a-zA-Z0-9](?:[a-zA-Z0-9_.-]*[a-zA-Z0-9])?|)';
const exists = new RegExp(`^${key}$`);
const absent = new RegExp(`^!\\s*${key}$`);
const compare = new RegExp(`^${key}\\s*(==|=|!=|>|<)\\s*${value}$`);
const set = new RegExp(`^${key}\\s+(in|notin)\\s*\\(([^()]*)\\)$`);

function parseRequirement(text: string): LabelMatch {
  const has = (labels: Labels, name: string) => Object.hasOwn(labels, name);
  let match = exists.exec(text);
  if (match !== null)
    return (
      (name) => (labels) =>
        has(labels, name)
    )(match[1]!);
  match = absent.exec(text);
  if (match !== null)
    return (
      (name) => (labels) =>
        !has(labels, name)
    )(match[1]!);
  match = compare.exec(text);
  if (match !== null) return comparison(match[1]!, match[2]!, match[3]!, text);
  match = set.exec(text);
  if (match !== null) return membership(match[1]!, match[2]!, match[3]!, text);
  throw refused(text);
}

function comparison(name: string, operator: string, wanted: string, text: string): LabelMatch {
  if (operator === '!=') return (labels) => !Object.hasOwn(labels, name) || labels[name] !== wanted;
  if (operator === '=' || operator === '==') return (labels) => Object.hasOwn(labels, name) && labels[name] === wanted;
  if (!/^-?\d+$/.test(wanted)) throw refused(text);
  const limit = BigInt(wanted);
  return (labels) => {
    const present = Object.hasOwn(labels, name) ? labels[name]! : '';
    if (!/^-?\d+$/.test(present)) return false;
    return operator === '>' ? BigInt(present) > limit : BigInt(present) < limit;
  };
}

function membership(name: string, operator: string, list: string, text: string): LabelMatch {
  const values = list.split(',').map((item) => item.trim());
  const valid = new RegExp(`^${value}$`);
  if (!values.every((item) => valid.test(item))) throw refused(text);
  const wanted = new Set(values);
  const isMember = (labels: Labels) => Object.hasOwn(labels, name) && wanted.has(labels[name]!);
  return operator === 'in' ? isMember : (labels) => !isMember(labels);
}

function refused(text: string) {
  return apiErrors.fail('API_BAD_REQUEST', `unable to parse the label selector requirement "${text}"`);
}
