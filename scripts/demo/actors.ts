import { toHex, type Hex } from "viem";
import { mnemonicToAccount, type HDAccount } from "viem/accounts";

/** The development mnemonic every Hardhat node funds. */
export const MNEMONIC = "test test test test test test test test test test test junk";

const account = (addressIndex: number): HDAccount => mnemonicToAccount(MNEMONIC, { addressIndex });

export const KEEPER_ACCOUNT = 2;

/** The private key of a development account, which everybody knows. */
export function developmentKey(addressIndex: number): Hex {
  return toHex(account(addressIndex).getHdKey().privateKey!);
}

/** Who plays which part; account 0 deploys and keeps no role. */
export const ACTORS = {
  admin: account(1),
  keeper: account(KEEPER_ACCOUNT),
  quoter: account(3),
  guardian: account(4),
  surfacePoster: account(5),
  depositors: [account(6), account(7)],
  /** Enough that nobody holds two series of one expiry, so that a claim is seen in its holder's balance. */
  takers: [account(8), account(9), account(10), account(11)],
} as const;
