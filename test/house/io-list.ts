/**
 * The files that may do I/O, read a clock, be asynchronous or log. Every other file is held to be pure: adding a line here needs a reviewer's yes.
 * A pattern covers a folder only where everything in it is hands.
 */
export const ioFiles: readonly RegExp[] = [
  /^appliance\/[a-z-]+\.ts$/, // entries
  /^appliance\/lib\/(log|save-memory|unix-socket)\.ts$/,
  /^appliance\/datastore\//,
  /^appliance\/kernel\//,
  /^appliance\/pki\//, // draws keys
  /^appliance\/ipam\/(assign|ipam|release|snapshot|split)\.ts$/,
  /^appliance\/(tokens|enrolment)\//,
  /^appliance\/etcd-face\//,
  /^appliance\/api\//,
  /^appliance\/felix\/(agent|status)\//,
  /^appliance\/felix\/dataplane\//,
  /^appliance\/hostendpoints\/controller\.ts$/,
  /^cli\//,
];

/** Files inside those folders that are pure all the same, and must stay so. */
export const pureFiles: readonly RegExp[] = [
  /^appliance\/datastore\/(errors|store)\.ts$/,
  /^appliance\/kernel\/(kernel\.ts|nft-keys\.ts|netlink\/expression\.ts)$/,
  /^appliance\/pki\/(node-name|bundle)\.ts$/,
  /^appliance\/enrolment\/(join-token|env-lines|certificate-check)\.ts$/,
  /^appliance\/felix\/status\/keys\.ts$/,
  /^appliance\/felix\/dataplane\/boot\/(saved-ruleset|fallback|iptables-text)\.ts$/,
  /^appliance\/felix\/agent\/(policy-counts|up-endpoints|hits-page|measures|detect-address|log-level|spoofing-endpoints|tunnel-plan)\.ts$/,
];
