/** One step of a kind's session: what it is about, the least kubectl that can do it, and the kinds it is for. */
import type { KindDefinition } from '#appliance/resources/define.ts';
import type { Stage } from './stage.ts';

export interface Step {
  readonly about: string;
  /** Minor version of the first kubectl that can. */
  readonly since?: number;
  readonly isFor?: (kind: KindDefinition) => boolean;
  readonly run: (stage: Stage) => Promise<void>;
}

/** Before this minor version kubectl looks for dry runs, patches and explanations in OpenAPI 2, where we tell nothing. */
export const readsOpenApi3 = 27;
