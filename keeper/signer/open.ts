import type { KeySource } from "../config/keySource.ts";
import { openAccount } from "./account.ts";
import { openRemoteSigner } from "./remote.ts";
import type { Signer } from "./signer.ts";

/** Whoever signs by the settings: a key of this machine, or another process. Throws KeyError or RemoteSignerError. */
export async function openSigner(source: KeySource): Promise<Signer> {
  return "remoteSigner" in source ? openRemoteSigner(source.remoteSigner) : openAccount(source);
}
