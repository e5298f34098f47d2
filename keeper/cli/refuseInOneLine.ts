import type { Command } from "commander";

/** Exit code of a command line that cannot be understood. */
const BAD_USAGE = 2;

/**
 * Makes a program and all of its commands answer a command line they cannot understand with one line on standard error,
 * commander's suggestion included, and exit code 2. Call it when every command is in place.
 */
export function refuseInOneLine<Program extends Command>(program: Program): Program {
  program
    .configureOutput({
      outputError: (text, write) => {
        write(`${text.trim().replaceAll(/\s*\n\s*/g, " ")}\n`);
      },
    })
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : BAD_USAGE));
  for (const command of program.commands) refuseInOneLine(command);
  return program;
}
