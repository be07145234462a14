/**
 * The Calico release whose API this project speaks: kinds, fields, rules, and what calicoctl prints. Pure.
 * It is told (`calicoctl version`, the API's `/version`) and compared with what a cluster says of itself, and never written:
 * upstream's clients refuse to work on a store whose ClusterInformation names another release than theirs, to the last digit,
 * and pass one that names none.
 */
export const calicoVersion = 'v3.32.0';
