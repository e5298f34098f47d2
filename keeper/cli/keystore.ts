import { Command } from "commander";

import type { Secret } from "../config/secret.ts";

interface KeystoreFlags {
  readonly json?: true;
}

const SECRETS_HELP = `
The password comes from KEEL_KEYSTORE_PASSWORD or the file named by KEEL_KEYSTORE_PASSWORD_FILE; import reads the key
from KEEL_PRIVATE_KEY. None of them is ever a flag: flags are seen by every process of the machine.`;

const HELP = `${SECRETS_HELP}

Examples:
  $ KEEL_KEYSTORE_PASSWORD_FILE=password npm run keeper -- keystore new keeper.keystore.json
  $ npm run keeper -- keystore address keeper.keystore.json`;

const NEW_HELP = `
The password comes from KEEL_KEYSTORE_PASSWORD or the file named by KEEL_KEYSTORE_PASSWORD_FILE. A file that exists is left as it is.

Examples:
  $ KEEL_KEYSTORE_PASSWORD_FILE=password npm run keeper -- keystore new keeper.keystore.json
  $ KEEL_KEYSTORE_PASSWORD_FILE=password npm run --silent keeper -- keystore new keeper.keystore.json --json | jq -r .address`;

const IMPORT_HELP = `${SECRETS_HELP}

Examples:
  $ KEEL_KEYSTORE_PASSWORD_FILE=password npm run keeper -- keystore import keeper.keystore.json
  $ KEEL_KEYSTORE_PASSWORD_FILE=password npm run --silent keeper -- keystore import keeper.keystore.json --json`;

const ADDRESS_HELP = `
Examples:
  $ npm run keeper -- keystore address keeper.keystore.json
  $ npm run --silent keeper -- keystore address keeper.keystore.json --json | jq -r .address`;

/** `keeper keystore`: makes and shows encrypted key files. */
export function keystoreCommand(): Command {
  const command = new Command("keystore")
    .description("Make an encrypted key file, or show whose key it holds.")
    .addHelpText("after", HELP);
  withJson(command.command("new <file>"))
    .description("a new random key")
    .addHelpText("after", NEW_HELP)
    .action((file: string, flags: KeystoreFlags) => answer(file, flags, () => create(file, false)));
  withJson(command.command("import <file>"))
    .description("the key in KEEL_PRIVATE_KEY")
    .addHelpText("after", IMPORT_HELP)
    .action((file: string, flags: KeystoreFlags) => answer(file, flags, () => create(file, true)));
  withJson(command.command("address <file>"))
    .description("the address of the key; nothing is decrypted")
    .addHelpText("after", ADDRESS_HELP)
    .action((file: string, flags: KeystoreFlags) =>
      answer(file, flags, async () => (await import("../signer/keystore.ts")).keystoreAddress(file)),
    );
  return command;
}

function withJson(command: Command): Command {
  return command.option("--json", "print JSON: the address and the file");
}

async function create(path: string, fromEnvironment: boolean): Promise<string> {
  const [{ readKeystorePassword }, { ConfigError }, { Secret }, { writeKeystore }] = await Promise.all([
    import("../config/keySource.ts"),
    import("../config/load.ts"),
    import("../config/secret.ts"),
    import("../signer/keystore.ts"),
  ]);
  const problems: string[] = [];
  const password = readKeystorePassword(process.env, problems);
  let privateKey: Secret | undefined;
  if (fromEnvironment) {
    const key = process.env["KEEL_PRIVATE_KEY"];
    if (key === undefined) problems.push("KEEL_PRIVATE_KEY: is what import stores, and is not set");
    else privateKey = new Secret(key);
  }
  if (password === null || problems.length > 0) throw new ConfigError(problems);
  return writeKeystore({ path, password, ...(privateKey === undefined ? {} : { privateKey }) });
}

/** The address on standard output, or one line for each problem and exit code 1; 2 for bad settings. */
async function answer(file: string, { json }: KeystoreFlags, make: () => Promise<string>): Promise<void> {
  try {
    const address = await make();
    process.stdout.write(`${json === true ? JSON.stringify({ address, file }, null, 2) : address}\n`);
  } catch (error) {
    const { ConfigError } = await import("../config/load.ts");
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = error instanceof ConfigError ? 2 : 1;
  }
}
