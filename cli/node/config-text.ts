/** The agent's configuration for people. Pure. */
import { alignColumns } from '../output/tabwriter.ts';
import type { AgentConfig, AgentParameter } from './agent.ts';

/** `isWhole`: with what lower layers say. */
export function printConfig({ parameters, problems }: AgentConfig, isWhole: boolean): string {
  const rows = parameters.flatMap((parameter) => [rowOf(parameter), ...(isWhole ? lowerRows(parameter) : [])]);
  const table =
    rows.length === 0
      ? 'No parameter is set; all have their defaults.\n'
      : alignColumns([['PARAMETER', 'VALUE', 'SOURCE', 'NOTE'], ...rows]);
  return problems.length === 0 ? table : `${table}\nProblems:\n${problems.map((problem) => `  ${problem}\n`).join('')}`;
}

function rowOf(parameter: AgentParameter): string[] {
  return [parameter.name, parameter.value || '-', parameter.source, noteOf(parameter)];
}

function noteOf({ change, reason = '', problem, inUse, source }: AgentParameter): string {
  if (problem !== undefined) return problem;
  if (inUse !== undefined) return `waits for the next start, until then ${inUse || '-'}: ${reason}`;
  return change === 'none' && source !== 'default' ? `no effect here: ${reason}` : '';
}

function lowerRows({ overridden = [] }: AgentParameter): string[][] {
  return overridden.map(({ value, source }) => ['', value, source, 'overridden']);
}
