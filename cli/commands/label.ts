/** `calicoctl label`: labels of one resource or of many. */
import { metadataCommand } from '../change-metadata.ts';

export const labelCommand = metadataCommand('labels', 'label', [
  'calicoctl label hep edge-1-eth0 role=edge zone=a',
  'calicoctl label node edge-1 zone --remove',
  'calicoctl label hep -l role=edge tier=front --overwrite',
  'calicoctl label hep edge-1-eth0 --list',
]);
