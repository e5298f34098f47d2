import { readFile } from "node:fs/promises";

import { Wallet } from "ethers";
import type { Hex, LocalAccount } from "viem";
import { privateKeyToAccount } from "viem/accounts";

import type { LocalKey } from "../config/keySource.ts";
import type { Secret } from "../config/secret.ts";
import type { Signer } from "./signer.ts";

/** The key could not be opened. The message names the source, never what is in it. */
export class KeyError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "KeyError";
  }
}

/** Opens a key of this machine. Throws {@link KeyError}. A keystore takes about a second: its cipher is slow on purpose. */
export async function openAccount(source: LocalKey): Promise<Signer> {
  const account =
    "privateKey" in source
      ? fromPrivateKey(source.privateKey)
      : await fromKeystore(source.keystore, source.password);
  return {
    address: account.address,
    signTransaction: (transaction) => account.signTransaction({ ...transaction, type: "eip1559" }),
  };
}

function fromPrivateKey(key: Secret): LocalAccount {
  try {
    return privateKeyToAccount(key.reveal() as Hex);
  } catch {
    // Zero, or beyond the order of the curve. The library's message may quote it.
    throw new KeyError("KEEL_PRIVATE_KEY is not a valid private key.");
  }
}

async function fromKeystore(path: string, password: Secret): Promise<LocalAccount> {
  let json: string;
  try {
    json = await readFile(path, "utf8");
  } catch (error) {
    throw new KeyError(
      `The keystore ${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown"}).`,
    );
  }
  try {
    const wallet = await Wallet.fromEncryptedJson(json, password.reveal());
    return privateKeyToAccount(wallet.privateKey as Hex);
  } catch (error) {
    const wrongPassword = error instanceof Error && error.message.startsWith("incorrect password");
    throw new KeyError(`The keystore ${path} ${wrongPassword ? "has another password" : "is not valid"}.`);
  }
}
