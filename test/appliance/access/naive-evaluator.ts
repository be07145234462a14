/**
 * Who may do what, worked out the slow and plain way from the same roles: no index, no early answer, no code of the product. What the
 * product allows and this does not is a hole; what this allows and the product does not is a lie in the documentation.
 */

export interface Rule {
  readonly verbs: readonly string[];
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** A role given to a group or a user; everywhere, or in one namespace. */
export interface Given {
  readonly to: string;
  readonly in?: string;
  readonly rules: readonly Rule[];
}

export interface Person {
  readonly user: string;
  readonly groups: readonly string[];
}

export interface Question {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** The ordinary rules alone. */
export function rulesAllow(person: Person, givens: readonly Given[], question: Question): boolean {
  if (person.groups.includes('system:masters')) return true;
  const hits: Rule[] = [];
  for (const given of givens) {
    if (given.to !== person.user && !person.groups.includes(given.to)) continue;
    if (given.in !== undefined && given.in !== question.namespace) continue;
    for (const rule of given.rules) {
      const isVerb = rule.verbs.filter((verb) => verb === '*' || verb === question.verb).length > 0;
      const isGroup = rule.apiGroups.filter((group) => group === '*' || group === question.group).length > 0;
      const isResource = rule.resources.filter((word) => word === '*' || word === question.resource).length > 0;
      const names = rule.resourceNames ?? [];
      const isName = names.length === 0 || names.filter((name) => name === (question.name ?? '')).length > 0;
      if (isVerb && isGroup && isResource && isName) hits.push(rule);
    }
  }
  return hits.length > 0;
}

/** A policy in a tier: the ordinary rules, and both questions about the tier. */
export function mayTouchPolicy(
  person: Person,
  givens: readonly Given[],
  question: Question,
  policy: { readonly tier: string; readonly name: string },
): boolean {
  const { group } = question;
  const canGetTier = rulesAllow(person, givens, { verb: 'get', group, resource: 'tiers', name: policy.tier });
  const pseudo = { ...question, resource: `tier.${question.resource}` };
  const whole = rulesAllow(person, givens, { ...pseudo, name: `${policy.tier}.*` });
  const single = rulesAllow(person, givens, { ...pseudo, name: policy.name });
  return rulesAllow(person, givens, question) && canGetTier && (whole || single);
}

const owned: Readonly<Record<string, readonly string[]>> = {
  nodes: ['create', 'update', 'patch'],
  hostendpoints: ['create', 'update', 'patch', 'delete'],
};

/** What a host may write of its own. */
export function hostMayWrite(person: Person, question: Question, ownerNode: string | undefined): boolean {
  if (!person.groups.includes('system:nodes') || question.group !== 'projectcalico.org') return false;
  const isVerb = owned[question.resource]?.includes(question.verb) ?? false;
  return isVerb && ownerNode !== undefined && person.user === `system:node:${ownerNode}`;
}

/** A word that no rule mentions: only a star covers it. */
const unheardOf = '~';

/** Every single right there can be, over the words given and one that nobody has heard of. */
export function everyQuestion(words: {
  readonly verbs: readonly string[];
  readonly groups: readonly string[];
  readonly resources: readonly string[];
  readonly names: readonly string[];
}): Question[] {
  const all: Question[] = [];
  for (const verb of [...words.verbs, unheardOf])
    for (const group of [...words.groups, unheardOf])
      for (const resource of [...words.resources, unheardOf])
        for (const name of [...words.names, '', unheardOf]) all.push({ verb, group, resource, name });
  return all;
}
