import { expect } from "chai";

import { runCli } from "./utils/runCli.ts";

interface Help {
  /** As it is typed: `keystore new`. */
  readonly command: string;
  readonly text: string;
}

/** The help of a command and of every command under it. */
async function helpOf(path: readonly string[]): Promise<Help[]> {
  const { code, stdout, stderr } = await runCli([...path, "--help"]);
  const command = path.join(" ");
  expect({ code, stderr }, command).to.deep.equal({ code: 0, stderr: "" });
  const listed = /^Commands:\n((?: {2}.*\n)*)/m.exec(stdout)?.[1] ?? "";
  const names = [...listed.matchAll(/^ {2}([a-z]+)/gm)].map(([, name]) => name!);
  const under: Help[] = [];
  for (const name of names) if (name !== "help") under.push(...(await helpOf([...path, name])));
  return [{ command, text: stdout }, ...under];
}

/** The lines of a help's examples that call the keeper, each whole where it goes on in the next. */
function examplesOf(text: string): string[] {
  const examples = /^Examples?:[^]*/m.exec(text)?.[0] ?? "";
  return examples
    .replaceAll(/\\\n\s*/g, "")
    .split("\n")
    .filter((line) => line.includes("keeper -- "));
}

describe("the help of every command", function () {
  this.timeout(60_000);
  let commands: Help[];

  before(async () => {
    const [, ...all] = await helpOf([]);
    commands = all;
  });

  it("is found for all that there are", () => {
    expect(commands.map(({ command }) => command)).to.include.members([
      ...["activate", "run", "pause", "resume", "status", "shadow", "doctor", "replay", "book", "band"],
      ...[
        "backtest",
        "greeks",
        "calibrate",
        "keystore",
        "keystore new",
        "keystore import",
        "keystore address",
      ],
    ]);
  });

  it("shows an example of that very command", () => {
    const without = commands
      .filter(({ command, text }) => !examplesOf(text).some((line) => line.includes(`keeper -- ${command}`)))
      .map(({ command }) => command);
    expect(without).to.deep.equal([]);
  });

  it("shows no flag in an example that the command does not take", () => {
    for (const { command, text } of commands)
      for (const line of examplesOf(text)) {
        const [, args] = line.split("keeper -- ");
        const [own] = args!.split(/[|#]/);
        for (const flag of own!.match(/ --[a-z-]+/g) ?? [])
          expect(text, `${command}: ${line}`).to.match(new RegExp(`^  (-\\w, )?${flag.trim()}\\b`, "m"));
      }
  });
});
