/** All generated pages of the reference to kinds, by path from the root of the project. Pure. */
import { type Effect, effectOf } from '#appliance/felix/config/effects.ts';
import { calicoVersion } from '#appliance/resources/calico-version.ts';
import type { KindDefinition } from '#appliance/resources/define.ts';
import { environmentName, felixParameters } from '#appliance/resources/kinds/felix-parameters.ts';
import { apiKinds, kinds } from '#appliance/resources/registry.ts';
import { generatedNote, renderKindPage, renderTable } from './kind-page.ts';

const folder = 'docs/reference/kinds';

/** Path to content. */
export function referencePages(): ReadonlyMap<string, string> {
  return new Map([
    [`${folder}/README.md`, renderIndex()],
    [`${folder}/felix-parameters.md`, renderParameters()],
    ...apiKinds.map((kind) => [`${folder}/${kind.singular}.md`, renderKindPage(kind)] as const),
  ]);
}

function renderIndex(): string {
  const rows = (shown: readonly KindDefinition[]) =>
    shown.map((kind) => [
      `[${kind.kind}](${kind.singular}.md)`,
      kind.isNamespaced ? 'namespaced' : 'global',
      kind.description,
    ]);
  return [
    generatedNote,
    '# Kinds of `projectcalico.org/v3`',
    `As of Calico ${calicoVersion}.`,
    renderTable(['Kind', 'Scope', 'What it is'], rows(kinds)),
    '## Kinds of Kubernetes',
    'Who may do what, in the shape Kubernetes has for it: [access](../../access.md).',
    renderTable(['Kind', 'Scope', 'What it is'], rows(apiKinds.filter((kind) => !kinds.includes(kind)))),
    'Settings of the host agent, wherever they are set: [parameters](felix-parameters.md).',
    '',
  ].join('\n\n');
}

function printEffect(effect: Effect): string {
  if (effect.type === 'live') return 'at once';
  return `${effect.type === 'restart' ? 'next start' : 'nothing'}: ${effect.reason}`;
}

function renderParameters(): string {
  const rows = felixParameters.map((parameter) => [
    `\`${parameter.name}\``,
    parameter.yaml === undefined ? 'file and environment only' : `\`${parameter.yaml}\``,
    parameter.words === undefined ? parameter.type : parameter.words.map((word) => `\`${word}\``).join(', '),
    parameter.default === '' ? '' : `\`${parameter.default}\``,
    parameter.doc,
    printEffect(effectOf(parameter)),
  ]);
  return [
    generatedNote,
    '# Parameters of the host agent',
    `A parameter is set, from lowest to highest precedence, by its default, by the field of [FelixConfiguration](felixconfiguration.md) \`default\`, by an object with a matching \`nodeSelector\`, by the object \`node.<name>\`, by \`/etc/calico/felix.cfg\`, and by the environment variable \`FELIX_\` and its name (\`${environmentName(felixParameters[0]!)}\`). Names ignore case in files and in the environment.`,
    'The empty text counts as not given; `none` is no value at all, and ends the search. A value that cannot be used is replaced by the default, never by a lower layer, and reported: `calicoctl node config` shows each value, where it comes from, and what is wrong. No value stops the agent.',
    'What a change does while the agent runs: it is taken at once; or by the next start; or nothing, because there is nothing here that it could mean.',
    renderTable(['Parameter', 'Field', 'Type', 'Default', 'Meaning', 'A change'], rows),
    '',
  ].join('\n\n');
}
