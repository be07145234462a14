/** Manual pages from the table of commands: one of the program, one of each command. Pure. Source: man(7). */
import type { Command, CommandEntry, Flag } from './command.ts';
import { exitCodes } from './errors.ts';
import { globalFlags } from './flags.ts';
import { flagsOf } from './program.ts';
import { exitCodeMeanings } from './reference-page.ts';

/** File name to content, for `docs/man`. */
export async function renderManPages(entries: readonly CommandEntry[]): Promise<ReadonlyMap<string, string>> {
  const pages = new Map([['calicoctl.1', renderProgram(entries)]]);
  for (const entry of entries) pages.set(`${pageName(entry.name)}.1`, renderCommand(entry, await entry.load()));
  return pages;
}

function pageName(command: string): string {
  return `calicoctl-${command.replaceAll(' ', '-')}`;
}

function renderProgram(entries: readonly CommandEntry[]): string {
  return [
    heading('calicoctl', 'manages Calico resources through the API server'),
    '.SH SYNOPSIS\n.B calicoctl\n[\\fIglobal flags\\fR] \\fIcommand\\fR [\\fIflags\\fR] [\\fIarguments\\fR]',
    '.SH DESCRIPTION\nCreates, shows, changes and deletes the resources of projectcalico.org/v3. Each command has a page of its own.',
    `.SH COMMANDS\n${entries.map(({ name, summary }) => `.TP\n.BR ${pageName(name).replaceAll('-', '\\-')} (1)\n${line(summary)}.`).join('\n')}`,
    `.SH GLOBAL FLAGS\n${globalFlags.map(renderFlag).join('\n')}`,
    `.SH EXIT STATUS\n${renderExitCodes()}`,
    `.SH ENVIRONMENT\n${environment.map(([name, text]) => `.TP\n.B ${line(name)}\n${line(text)}`).join('\n')}`,
    `.SH FILES\n${files.map(([name, text]) => `.TP\n.I ${line(name)}\n${line(text)}`).join('\n')}`,
    '',
  ].join('\n');
}

const environment = [
  ['CALICO_API_SOCKET, CALICO_API_ENDPOINT', 'The API server: unix:/path, http://127.0.0.1:PORT or https://HOST:PORT.'],
  ['CALICO_CONTEXT', 'The context to use, when no address is given.'],
  ['CALICO_API_CA_CERT_FILE, CALICO_API_CERT_FILE, CALICO_API_KEY_FILE', 'Files that prove who is asking, for https.'],
  ['CALICO_API_TOKEN_FILE, CALICO_API_TOKEN', 'A bearer token: the file that holds it, or itself.'],
  ['CALICO_CONFIG_DIR, CALICO_RUN_DIR', 'Where the host has its configuration and its sockets.'],
  ['CALICO_EDITOR, VISUAL, EDITOR', 'The editor of calicoctl edit.'],
] as const;

const files = [
  ['~/.config/calico/calicoctl.cfg', "A person's configuration and contexts, of kind CalicoAPIConfig."],
  ['/etc/calico/calicoctl.cfg', "The host's configuration."],
  ['/run/calico/api.sock', 'The API server of this host, asked when nothing else is named.'],
] as const;

function renderCommand(entry: CommandEntry, command: Command): string {
  const own = flagsOf(command).filter(({ isHidden }) => isHidden !== true);
  return [
    heading(pageName(entry.name), lowerFirst(entry.summary)),
    `.SH SYNOPSIS\n.B calicoctl ${line(entry.name)}\n${line(command.usage)}`,
    `.SH DESCRIPTION\n${paragraphs(command.description)}`,
    `.SH FLAGS\n${own.map(renderFlag).join('\n')}`,
    `.SH EXAMPLES\n.nf\n${command.examples.map(line).join('\n')}\n.fi`,
    `.SH EXIT STATUS\n${renderExitCodes()}`,
    '.SH SEE ALSO\n.BR calicoctl (1)',
    '',
  ].join('\n');
}

/** The date of the Calico release these pages speak of: a generated file must not differ from one day to the next. */
const date = '2026-08-01';

function heading(name: string, summary: string): string {
  const title = name.toUpperCase().replaceAll('-', '\\-');
  return `.TH ${title} 1 "${date}" "calico-appliance" "calicoctl"\n.SH NAME\n${name.replaceAll('-', '\\-')} \\- ${line(summary)}`;
}

function renderFlag(flag: Flag): string {
  const repeated = flag.isRepeatable === true ? ' May be repeated.' : '';
  const choices = flag.choices === undefined ? '' : ` One of: ${flag.choices.join(', ')}.`;
  return `.TP\n.B ${line(flag.flags)}\n${line(`${upperFirst(flag.description)}.${choices}${repeated}`)}`;
}

function renderExitCodes(): string {
  return Object.entries(exitCodeMeanings)
    .map(([name, meaning]) => `.TP\n.B ${exitCodes[name as keyof typeof exitCodes]}\n${line(meaning)}`)
    .join('\n');
}

function paragraphs(text: string): string {
  return text.split('\n').map(line).join('\n.br\n');
}

/** A line of text: backslashes and dashes as they are typed, and nothing that begins like a request. */
function line(text: string): string {
  const escaped = text.replaceAll('\\', '\\e').replaceAll('-', '\\-').replace(/\s+/g, ' ');
  return escaped.replace(/^([.'])/, '\\&$1');
}

function lowerFirst(text: string): string {
  return text[0]!.toLowerCase() + text.slice(1);
}

function upperFirst(text: string): string {
  return text[0]!.toUpperCase() + text.slice(1);
}
