/** What the store asks for in the way of automatic host endpoints. Pure. Source: Calico's KubeControllersConfiguration, its node controller. */
import type {
  HostEndpointTemplate,
  KubeControllersConfigurationSpec,
} from '../resources/kinds/kube-controllers-configuration.ts';
import type { Resource } from '../resources/resource.ts';

export interface AutomaticSettings {
  readonly isOn: boolean;
  /** Make the one for all interfaces. */
  readonly hasDefault: boolean;
  readonly templates: readonly HostEndpointTemplate[];
}

interface Status {
  readonly environmentVars?: Readonly<Record<string, string>>;
}

/** Undefined when nobody asks for the controller: then nothing is made, and nothing is cleaned up. */
export function readSettings(configuration: Resource | undefined): AutomaticSettings | undefined {
  const { controllers } = (configuration?.spec ?? {}) as KubeControllersConfigurationSpec;
  if (controllers?.node === undefined) return undefined;
  const { autoCreate, createDefaultHostEndpoint, templates = [] } = controllers.node.hostEndpoint ?? {};
  const forced = readForced(configuration?.status as Status | undefined);
  return {
    isOn: forced ?? autoCreate === 'Enabled',
    hasDefault: createDefaultHostEndpoint !== 'Disabled',
    templates,
  };
}

/** A kube-controllers that was told so by its environment does not ask the object; it says what it was told in the object's status. */
function readForced(status: Status | undefined): boolean | undefined {
  const text = status?.environmentVars?.AUTO_HOST_ENDPOINTS?.toLowerCase();
  return text === 'enabled' || text === 'disabled' ? text === 'enabled' : undefined;
}
