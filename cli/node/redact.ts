/** Takes secrets out of text before it is put in a bundle that is sent to others. Pure. */

const hidden = '<redacted>';
/** `NAME=value`, `name: value` and `"name": "value"` whose name says that it is a secret; names of files are none. */
const named =
  /^([ \t\-"']*(?:export )?[\w.-]*(?:passw(?:or)?d|secret|token|credential|private[_-]?key|psk|api[_-]?key|etcd_?key)(?![\w.-]*(?:file|path|name))[\w.-]*["']?[ \t]*[=:][ \t]*)(?!\{|\[)(.+?)(,?)$/gim;
const block = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g;
const bearer = /\b(Bearer|Basic)\s+[\w.~+/=-]{8,}/gi;
const tokens = /\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g;
const inUrls = /(\w+:\/\/[^\s:@/]+:)[^\s@/]+@/g;
/** A member in the middle of a line of JSON, or a flag of a command line. */
const member = /("[\w.-]*(?:passw(?:or)?d|secret|token|private_?key|psk)[\w.-]*"\s*:\s*)"(?:[^"\\]|\\.)*"/gi;
const flag = /(--[\w-]*(?:password|secret|token)(?:=|\s+))\S+/gi;

/** The text without passwords, tokens and keys. */
export function redact(text: string): string {
  return text
    .replace(block, hidden)
    .replace(member, `$1"${hidden}"`)
    .replace(named, (_, start: string, value: string, comma: string) =>
      value.includes(hidden)
        ? `${start}${value}${comma}`
        : `${start}${/^"/.test(value) ? `"${hidden}"` : hidden}${comma}`,
    )
    .replace(bearer, `$1 ${hidden}`)
    .replace(tokens, hidden)
    .replace(inUrls, `$1${hidden}@`)
    .replace(flag, `$1${hidden}`);
}
