/**
 * What changed since flows were last judged, and whether an endpoint could be concerned. Pure.
 * A change of a set, policy or profile concerns the endpoints that ask it; one of the configuration concerns all.
 */
import type { Message } from '../../model/messages.ts';
import type { PolicyId, Rule, RuleSide, TierPolicies } from '../../model/policy.ts';
import { printPolicyId } from '../../model/policy.ts';
import type { FlowRules } from './judge.ts';

export class Touched {
  #isAll: boolean;
  readonly #names = new Set<string>();
  /** Of policies and profiles, as of one question after another. */
  readonly #known = new Map<string, boolean>();

  constructor(isAll: boolean) {
    this.#isAll = isAll;
  }

  get isAny(): boolean {
    return this.#isAll || this.#names.size > 0;
  }

  touchAll(): void {
    this.#isAll = true;
  }

  /** Notes what the message may tighten. Pools and hosts say nothing of policy. */
  take(message: Message): void {
    if (message.type === 'config-update') this.#isAll = true;
    else if (message.type === 'policy-update' || message.type === 'policy-remove') {
      this.#names.add(`policy ${printPolicyId(message.id)}`);
    } else if (message.type === 'profile-update' || message.type === 'profile-remove') {
      this.#names.add(`profile ${message.name}`);
    } else if (message.type.startsWith('ip-set-') && 'id' in message && typeof message.id === 'string') {
      this.#names.add(`set ${message.id}`);
    } else if (message.type === 'workload-endpoint-update') {
      this.#names.add(`endpoint ${message.endpoint.interfaceName}`);
    } else if (message.type === 'host-endpoint-update' || message.type === 'host-endpoint-remove') {
      this.#names.add('host endpoints');
    }
  }

  /** `name`: of the interface, or `host endpoints`. */
  concerns(
    name: string,
    tierLists: readonly (readonly TierPolicies[])[],
    profiles: readonly string[],
    rules: FlowRules,
  ): boolean {
    if (this.#isAll || this.#names.has(name)) return true;
    if (profiles.some((profile) => this.#isProfileTouched(profile, rules))) return true;
    return tierLists.some((tiers) =>
      tiers.some(({ ingress, egress }) =>
        [...ingress, ...egress].some((id) => this.#isPolicyTouched(printPolicyId(id), id, rules)),
      ),
    );
  }

  #isProfileTouched(name: string, rules: FlowRules): boolean {
    return this.#remember(`profile ${name}`, () => {
      const profile = rules.profileOf(name);
      return profile === undefined || this.#areSetsTouched([...profile.inbound, ...profile.outbound]);
    });
  }

  #isPolicyTouched(text: string, id: PolicyId, rules: FlowRules): boolean {
    return this.#remember(`policy ${text}`, () => {
      const policy = rules.policyOf(id);
      return policy === undefined || this.#areSetsTouched([...policy.inbound, ...policy.outbound]);
    });
  }

  #remember(name: string, ask: () => boolean): boolean {
    let answer = this.#known.get(name);
    if (answer === undefined) {
      answer = this.#names.has(name) || ask();
      this.#known.set(name, answer);
    }
    return answer;
  }

  #areSetsTouched(rules: readonly Rule[]): boolean {
    return rules.some(({ src, dst }) => [...setsOf(src), ...setsOf(dst)].some((id) => this.#names.has(`set ${id}`)));
  }
}

function setsOf(side: RuleSide): readonly string[] {
  return [
    ...(side.sets ?? []),
    ...(side.notSets ?? []),
    ...(side.serviceSets ?? []),
    ...(side.namedPortSets ?? []),
    ...(side.notNamedPortSets ?? []),
  ];
}
