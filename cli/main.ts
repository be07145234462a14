/** Entry of `calicoctl`: arguments in, exit code out. Everything else is loaded from here as it is needed. I/O. */
import { commands } from './commands.ts';
import { createProcessContext } from './context.ts';
import { runProgram } from './program.ts';

process.exitCode = await runProgram(process.argv.slice(2), createProcessContext(), commands);
