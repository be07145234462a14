/** What the server has, as Kubernetes' clients ask for it. Pure. Source: Kubernetes API concepts, "API discovery". */

import { keepsStatusApart } from '../datastore/resources/ref.ts';
import { calicoGroup, type KindDefinition } from '../resources/define.ts';
import { apiKinds } from '../resources/registry.ts';

/** One version of a group, and what is in it. */
export interface GroupVersion {
  readonly group: string;
  readonly version: string;
  readonly resources: readonly ApiResource[];
}

interface ApiResource {
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly isNamespaced: boolean;
  readonly verbs: readonly string[];
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly subresources: readonly Subresource[];
}

interface Subresource {
  readonly name: string;
  readonly kind: string;
  readonly verbs: readonly string[];
}

/** Questions that are posted and answered, and never stored. */
const reviews: readonly (readonly [group: string, version: string, kind: string])[] = [
  ['authentication.k8s.io', 'v1', 'SelfSubjectReview'],
  ['authentication.k8s.io', 'v1', 'TokenReview'],
  ['authorization.k8s.io', 'v1', 'SelfSubjectAccessReview'],
  ['authorization.k8s.io', 'v1', 'SelfSubjectRulesReview'],
  ['authorization.k8s.io', 'v1', 'SubjectAccessReview'],
];

/** There are none; `kubectl get events` is to say so. */
const events: ApiResource = {
  plural: 'events',
  singular: 'event',
  kind: 'Event',
  isNamespaced: true,
  verbs: ['list', 'watch'],
  shortNames: ['ev'],
  categories: [],
  subresources: [],
};

/** `kubectl get calico` lists everything; not in `all`, so that `kubectl delete all --all` deletes nothing. */
const categories = ['calico'];

/** Every group, the core group among them, in the order clients are to prefer them in. */
export const groupVersions: readonly GroupVersion[] = collect();

/** Aggregated discovery of all groups but the core one. */
export function aggregatedGroups() {
  return aggregated(groupVersions.filter(({ group }) => group !== ''));
}

/** Aggregated discovery of the core group. */
export function aggregatedCore() {
  return aggregated(groupVersions.filter(({ group }) => group === ''));
}

/** The plain form of `/apis`. */
export function groupList() {
  const groups = groupVersions.filter(({ group }) => group !== '').map(apiGroup);
  return { kind: 'APIGroupList', apiVersion: 'v1', groups };
}

/** The plain form of `/apis/GROUP`. */
export function groupObject(one: GroupVersion) {
  return { kind: 'APIGroup', apiVersion: 'v1', ...apiGroup(one) };
}

/** The plain form of `/api`. */
export function coreVersions() {
  const versions = groupVersions.filter(({ group }) => group === '').map(({ version }) => version);
  return { kind: 'APIVersions', versions, serverAddressByClientCIDRs: [] };
}

/** The plain form of `/apis/GROUP/VERSION` and of `/api/v1`. */
export function resourceList(one: GroupVersion) {
  const resources = one.resources.flatMap(plainResources);
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: groupVersionOf(one), resources };
}

/** Where a version of a group is served. */
export function pathOf({ group, version }: { readonly group: string; readonly version: string }): string {
  return group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
}

function collect(): GroupVersion[] {
  const all = [
    ...apiKinds.map((kind) => ({ group: kind.group, version: kind.version, resource: resourceOf(kind) })),
    { group: '', version: 'v1', resource: events },
    ...reviews.map(([group, version, kind]) => ({ group, version, resource: reviewOf(kind) })),
  ];
  const paths = [...new Set(all.map(pathOf))];
  return paths.map((path) => {
    const members = all.filter((one) => pathOf(one) === path);
    const { group, version } = members[0]!;
    return { group, version, resources: members.map(({ resource }) => resource) };
  });
}

function resourceOf(kind: KindDefinition): ApiResource {
  const status = { name: 'status', kind: kind.kind, verbs: ['get', 'patch', 'update'] };
  return {
    ...kind,
    verbs: verbsOf(kind),
    categories: kind.group === calicoGroup ? categories : [],
    subresources: keepsStatusApart(kind) ? [status] : [],
  };
}

function reviewOf(kind: string): ApiResource {
  const singular = kind.toLowerCase();
  const none: readonly never[] = [];
  const lists = { shortNames: none, categories: none, subresources: none };
  return { plural: `${singular}s`, singular, kind, isNamespaced: false, verbs: ['create'], ...lists };
}

function verbsOf(kind: KindDefinition): readonly string[] {
  const reading = ['get', 'list', 'watch'];
  if (kind.isReadOnly === true) return reading;
  const deleting = kind.isDeletedSingly === true ? ['delete'] : ['delete', 'deletecollection'];
  return ['create', ...deleting, ...reading, 'patch', 'update'];
}

function aggregated(groups: readonly GroupVersion[]) {
  const items = groups.map((one) => ({
    metadata: { name: one.group, creationTimestamp: null },
    versions: [
      {
        version: one.version,
        freshness: 'Current',
        resources: one.resources.map((resource) => aggregatedResource(one, resource)),
      },
    ],
  }));
  return { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {}, items };
}

function apiGroup(one: GroupVersion) {
  const versions = [{ groupVersion: groupVersionOf(one), version: one.version }];
  return { name: one.group, versions, preferredVersion: versions[0] };
}

function groupVersionOf({ group, version }: GroupVersion): string {
  return group === '' ? version : `${group}/${version}`;
}

function aggregatedResource({ group, version }: GroupVersion, resource: ApiResource) {
  const responseKind = (kind: string) => ({ group, version, kind });
  const { shortNames, categories: words } = resource;
  const subresources = resource.subresources.map(({ name, kind, verbs }) => {
    return { subresource: name, responseKind: responseKind(kind), verbs };
  });
  return {
    resource: resource.plural,
    responseKind: responseKind(resource.kind),
    scope: resource.isNamespaced ? 'Namespaced' : 'Cluster',
    singularResource: resource.singular,
    verbs: resource.verbs,
    ...(shortNames.length > 0 && { shortNames }),
    ...(words.length > 0 && { categories: words }),
    ...(subresources.length > 0 && { subresources }),
  };
}

function plainResources({ plural, singular, kind, isNamespaced, verbs, ...rest }: ApiResource) {
  const { shortNames, categories: words, subresources } = rest;
  const main = {
    name: plural,
    singularName: singular,
    namespaced: isNamespaced,
    kind,
    verbs,
    ...(shortNames.length > 0 && { shortNames }),
    ...(words.length > 0 && { categories: words }),
  };
  const below = subresources.map((one) => {
    return {
      name: `${plural}/${one.name}`,
      singularName: '',
      namespaced: isNamespaced,
      kind: one.kind,
      verbs: one.verbs,
    };
  });
  return [main, ...below];
}
