import { isAddressEqual, parseTransaction, recoverTransactionAddress, type Address, type Hex } from "viem";

import type { KeySource } from "../config/keySource.ts";
import { openSigner } from "../signer/open.ts";
import type { Eip1559Request, Signer } from "../signer/signer.ts";
import { attempt, failed, passed, type Check } from "./check.ts";

/** No account ever gets there: what is signed with it can never be mined. */
const NEVER = Number.MAX_SAFE_INTEGER;

const MENDS = {
  none: "set KEEL_PRIVATE_KEY, KEEL_KEYSTORE with its password, or remoteSigner; shadow alone needs none",
  privateKey: "correct KEEL_PRIVATE_KEY",
  keystore: "correct KEEL_KEYSTORE (see `keeper keystore address`) and its password",
  remoteSigner: "see that the remote signer runs, is reached from here, and may sign for this account",
} as const;

/** Opens a vault's key and has it sign a transfer of nothing to itself that can never be mined, and is sent nowhere. */
export async function checkSigner(
  key: KeySource | null,
  subject: string,
  chainId: number,
): Promise<{ readonly address: Address | null; readonly checks: readonly Check[] }> {
  const name = `${subject}: signer`;
  if (key === null) return { address: null, checks: [failed(name, "no key is given", MENDS.none)] };
  const kind = "privateKey" in key ? "privateKey" : "keystore" in key ? "keystore" : "remoteSigner";
  const found: { address: Address | null } = { address: null };
  const checks = await attempt(name, MENDS[kind], async () => {
    const signer = await openSigner(key);
    found.address = signer.address;
    const wrong = await signTest(signer, chainId);
    const source = { privateKey: "a key", keystore: "a keystore", remoteSigner: "a remote signer" }[kind];
    return wrong === null
      ? passed(name, `${source} signs for ${signer.address}`)
      : failed(name, `${source} for ${signer.address} ${wrong}`, MENDS[kind]);
  });
  return { address: found.address, checks };
}

/** @returns What is wrong with the signature; null where nothing is. */
export async function signTest(signer: Signer, chainId: number): Promise<string | null> {
  const asked: Eip1559Request = {
    ...{ chainId, nonce: NEVER, to: signer.address, value: 0n, data: "0x", gas: 21_000n },
    ...{ maxFeePerGas: 1n, maxPriorityFeePerGas: 1n },
  };
  const raw = await signer.signTransaction(asked);
  const signed = parseTransaction(raw);
  const isSame =
    signed.type === "eip1559" &&
    signed.chainId === asked.chainId &&
    signed.nonce === asked.nonce &&
    signed.to?.toLowerCase() === asked.to.toLowerCase() &&
    (signed.value ?? 0n) === 0n &&
    (signed.data ?? "0x") === "0x" &&
    signed.gas === asked.gas &&
    signed.maxFeePerGas === 1n &&
    signed.maxPriorityFeePerGas === 1n;
  if (!isSame) return "signs another transaction than asked";
  const by = await recoverTransactionAddress({ serializedTransaction: raw as `0x02${string}` & Hex });
  return isAddressEqual(by, signer.address) ? null : `signs as ${by}`;
}
