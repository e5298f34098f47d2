import { open, readFile } from "node:fs/promises";

import { encryptKeystoreJson, getAddress, Wallet } from "ethers";
import type { Address } from "viem";

import { KeyError } from "./account.ts";
import type { Secret } from "../config/secret.ts";

/** The usual work factor of Web3 keystores: about a second and 128 MB for each guess at the password. */
const SCRYPT_N = 1 << 17;

export interface WriteKeystoreOptions {
  readonly path: string;
  readonly password: Secret;
  /** The key to store; a new random one where none is given. */
  readonly privateKey?: Secret;
  /** Work factor of scrypt, a power of two. */
  readonly scryptN?: number;
}

/**
 * Encrypts a key into a new file (Web3 secret storage, version 3) that only its owner may read.
 * Throws {@link KeyError} where the file exists or the key is invalid.
 */
export async function writeKeystore(options: WriteKeystoreOptions): Promise<Address> {
  const { path, password, privateKey, scryptN = SCRYPT_N } = options;
  const wallet = openWallet(privateKey);
  const json = await encryptKeystoreJson(
    { address: wallet.address, privateKey: wallet.privateKey },
    password.reveal(),
    { scrypt: { N: scryptN } },
  );
  let file;
  try {
    file = await open(path, "wx", 0o600);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new KeyError(
      code === "EEXIST"
        ? `${path} exists; keystores are never overwritten.`
        : `${path} cannot be written (${code ?? "unknown"}).`,
    );
  }
  try {
    await file.writeFile(json + "\n");
    await file.sync();
  } finally {
    await file.close();
  }
  return wallet.address as Address;
}

/** The address a keystore says it holds; nothing is decrypted. Throws {@link KeyError}. */
export async function keystoreAddress(path: string): Promise<Address> {
  try {
    const { address } = JSON.parse(await readFile(path, "utf8")) as { address: string };
    return getAddress(address.startsWith("0x") ? address : `0x${address}`) as Address;
  } catch {
    throw new KeyError(`${path} is not a keystore.`);
  }
}

function openWallet(privateKey: Secret | undefined): { address: string; privateKey: string } {
  if (privateKey === undefined) return Wallet.createRandom();
  try {
    return new Wallet(privateKey.reveal());
  } catch {
    throw new KeyError("The private key is not valid.");
  }
}
