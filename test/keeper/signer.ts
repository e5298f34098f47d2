import { expect } from "chai";
import { statSync } from "node:fs";

import { Secret } from "../../keeper/config/secret.ts";
import { KeyError, openAccount } from "../../keeper/signer/account.ts";
import { keystoreAddress, writeKeystore } from "../../keeper/signer/keystore.ts";
import { scratch } from "./utils/scratch.ts";

// The PBKDF2 test vector of the Web3 secret storage definition: made by another implementation.
const VECTOR = {
  crypto: {
    cipher: "aes-128-ctr",
    cipherparams: { iv: "6087dab2f9fdbbfaddc31a909735c1e6" },
    ciphertext: "5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46",
    kdf: "pbkdf2",
    kdfparams: {
      c: 262144,
      dklen: 32,
      prf: "hmac-sha256",
      salt: "ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd",
    },
    mac: "517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2",
  },
  id: "3198bc9c-6672-5ab3-d995-4942343ae5b6",
  version: 3,
};
const VECTOR_KEY = "0x7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d";
const VECTOR_ADDRESS = "0x008AeEda4D805471dF9b2A5B0f38A0C3bCBA786b";
const PASSWORD = new Secret("testpassword");

describe("keeper key", () => {
  const files = scratch();
  let path: string;
  beforeEach(() => {
    path = files.at("key.json");
  });

  async function failure(promise: Promise<unknown>): Promise<string> {
    try {
      await promise;
    } catch (error) {
      expect(error).to.be.instanceOf(KeyError);
      return (error as Error).message;
    }
    throw new Error("It did not fail.");
  }

  it("opens a keystore that another program wrote", async () => {
    files.write("key.json", VECTOR);
    const account = await openAccount({ keystore: path, password: PASSWORD });
    expect(account.address).to.equal(VECTOR_ADDRESS);
  });

  it("stores a key and opens it again, for its owner only", async () => {
    const privateKey = new Secret(VECTOR_KEY);
    expect(await writeKeystore({ path, password: PASSWORD, privateKey, scryptN: 1024 })).to.equal(
      VECTOR_ADDRESS,
    );
    expect(await keystoreAddress(path)).to.equal(VECTOR_ADDRESS);
    expect(statSync(path).mode & 0o777).to.equal(0o600);
    const account = await openAccount({ keystore: path, password: PASSWORD });
    expect(account.address).to.equal(VECTOR_ADDRESS);
  });

  it("makes a new key each time and overwrites none", async () => {
    const first = await writeKeystore({ path, password: PASSWORD, scryptN: 1024 });
    expect(await failure(writeKeystore({ path, password: PASSWORD, scryptN: 1024 }))).to.include(
      "never overwritten",
    );
    const other = await writeKeystore({ path: `${path}2`, password: PASSWORD, scryptN: 1024 });
    expect(other).to.not.equal(first);
  });

  it("says why a key does not open, and nothing of what is in it", async () => {
    await writeKeystore({ path, password: PASSWORD, scryptN: 1024 });
    const other = new Secret("a wrong password");
    expect(await failure(openAccount({ keystore: path, password: other }))).to.match(/another password\.$/);
    files.write("key.json", {});
    expect(await failure(openAccount({ keystore: path, password: other }))).to.match(/is not valid\.$/);
    expect(await failure(openAccount({ keystore: "none.json", password: other }))).to.include("ENOENT");
    const zero = `0x${"00".repeat(32)}`;
    expect(await failure(openAccount({ privateKey: new Secret(zero) }))).to.not.include(zero);
  });

  it("signs with a key from the environment", async () => {
    const account = await openAccount({ privateKey: new Secret(VECTOR_KEY) });
    expect(account.address).to.equal(VECTOR_ADDRESS);
    const nonce = 0;
    const raw = await account.signTransaction({
      chainId: 31337,
      nonce,
      to: VECTOR_ADDRESS,
      value: 0n,
      data: "0x",
      gas: 21_000n,
      maxFeePerGas: 1n,
      maxPriorityFeePerGas: 0n,
    });
    expect(raw).to.match(/^0x02/);
  });
});
