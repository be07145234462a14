/** The flags of `calicoctl get`. Pure. */
import type { Flag } from '../command.ts';
import { connectionFlags, fieldSelectorFlag, fileFlags, namespaceFlag, selectorFlag } from '../flags.ts';

export const outputFormats =
  'ps (default), wide, name, yaml, json, custom-columns=HEADING,HEADING or custom-columns=HEADING:.json.path,..., ' +
  'custom-columns-file=FILE, go-template=TEMPLATE, go-template-file=FILE, jsonpath=TEMPLATE, jsonpath-file=FILE';

export const getFlags: readonly Flag[] = [
  { flags: '-o, --output <format>', description: outputFormats },
  { flags: '-A, --all-namespaces', description: 'list all namespaces' },
  { flags: '-a', description: 'the same as -A', isHidden: true },
  selectorFlag,
  fieldSelectorFlag,
  { flags: '-w, --watch', description: 'go on showing what changes, until interrupted' },
  { flags: '--watch-only', description: 'as --watch, without what is there already' },
  { flags: '--output-watch-events', description: 'say with each change whether it is ADDED, MODIFIED or DELETED' },
  { flags: '--sort-by <path>', description: "sort by a field given as JSONPath: '.metadata.creationTimestamp'" },
  { flags: '--limit <count>', description: 'at most so many of each kind' },
  { flags: '--chunk-size <count>', description: 'ask for so many at a time (default: 1000; 0: all at once)' },
  { flags: '--show-labels', description: 'a LABELS column' },
  {
    flags: '-L, --label-columns <keys>',
    description: 'a column for each of these labels; commas, or repeated',
    isRepeatable: true,
  },
  { flags: '--no-headers', description: 'tables without headings and blank lines' },
  { flags: '--single-table', description: 'one table for several names, instead of one each' },
  { flags: '--ignore-not-found', description: 'a name that does not exist is no error' },
  { flags: '--at-revision <revision>', description: 'as it was at this revision of the store' },
  { flags: '--export', description: 'leave out what belongs to this cluster; only for resources given by name' },
  ...fileFlags,
  namespaceFlag,
  ...connectionFlags,
];
