/** `calicoctl annotate`: annotations of one resource or of many. */
import { metadataCommand } from '../change-metadata.ts';

export const annotateCommand = metadataCommand('annotations', 'annotation', [
  "calicoctl annotate gnp allow-web owner='team web'",
  'calicoctl annotate gnp allow-web owner-',
  'calicoctl annotate hep --all checked=2026-08 --overwrite',
]);
