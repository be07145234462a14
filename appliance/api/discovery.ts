/** What the server has, as Kubernetes' clients ask for it. Pure. Source: Kubernetes API concepts, "API discovery". */

import { keepsStatusApart } from '../datastore/resources/ref.ts';
import type { KindDefinition } from '../resources/define.ts';

const group = 'projectcalico.org';
const version = 'v3';
const groupVersion = `${group}/${version}`;

/** Aggregated discovery of all groups. */
export function aggregatedGroups(kinds: readonly KindDefinition[]) {
  const versions = [{ version, freshness: 'Current', resources: kinds.map(aggregatedResource) }];
  return aggregated([{ metadata: { name: group, creationTimestamp: null }, versions }]);
}

/** Aggregated discovery of the core group: there is none. */
export function aggregatedCore() {
  return aggregated([]);
}

/** The plain form of `/apis`. */
export function groupList() {
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: [apiGroup()] };
}

/** The plain form of `/apis/projectcalico.org`. */
export function groupObject() {
  return { kind: 'APIGroup', apiVersion: 'v1', ...apiGroup() };
}

/** The plain form of `/api`. */
export function coreVersions() {
  return { kind: 'APIVersions', versions: [], serverAddressByClientCIDRs: [] };
}

/** The plain form of `/apis/projectcalico.org/v3`. */
export function resourceList(kinds: readonly KindDefinition[]) {
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources: kinds.flatMap(plainResources) };
}

function aggregated(items: readonly object[]) {
  return { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {}, items };
}

function apiGroup() {
  const versions = [{ groupVersion, version }];
  return { name: group, versions, preferredVersion: versions[0] };
}

function aggregatedResource(kind: KindDefinition) {
  const responseKind = { group, version, kind: kind.kind };
  const status = { subresource: 'status', responseKind, verbs: ['get', 'patch', 'update'] };
  return {
    resource: kind.plural,
    responseKind,
    scope: kind.isNamespaced ? 'Namespaced' : 'Cluster',
    singularResource: kind.singular,
    verbs: verbsOf(kind),
    shortNames: kind.shortNames,
    categories,
    ...(keepsStatusApart(kind) && { subresources: [status] }),
  };
}

function plainResources(kind: KindDefinition) {
  const common = { namespaced: kind.isNamespaced, kind: kind.kind };
  const { plural: name, singular: singularName, shortNames } = kind;
  const main = { name, singularName, ...common, verbs: verbsOf(kind), shortNames, categories };
  const status = { name: `${name}/status`, singularName: '', ...common, verbs: ['get', 'patch', 'update'] };
  return keepsStatusApart(kind) ? [main, status] : [main];
}

/** `kubectl get calico` lists everything; not in `all`, so that `kubectl delete all --all` deletes nothing. */
const categories = ['calico'];

function verbsOf(kind: KindDefinition): readonly string[] {
  const reading = ['get', 'list', 'watch'];
  return kind.isReadOnly === true ? reading : ['create', 'delete', 'deletecollection', ...reading, 'patch', 'update'];
}
