import { expect } from "chai";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { Signature, type Contract } from "ethers";

import { MAINNET } from "../../scripts/localMainnet/addresses.ts";
import { USDC } from "./utils/keel.ts";
import { contractAt } from "./utils/market.ts";
import { useKeel } from "./utils/useKeel.ts";
import { vaultAs } from "./utils/vault.ts";

const PERMIT = {
  Permit: [
    { name: "owner", type: "address" },
    { name: "spender", type: "address" },
    { name: "value", type: "uint256" },
    { name: "nonce", type: "uint256" },
    { name: "deadline", type: "uint256" },
  ],
};
const DEADLINE = 2n ** 40n;
const AMOUNT = 5_000n * USDC;

const usdcDomain = { name: "USD Coin", version: "2", chainId: 31337, verifyingContract: MAINNET.usdc };

/** An ERC-2612 permit for `token`'s domain. */
async function signPermit(
  signer: HardhatEthersSigner,
  domain: typeof usdcDomain,
  message: { spender: string; value: bigint; nonce: bigint; owner?: string; deadline?: bigint },
): Promise<Signature> {
  const signature = await signer.signTypedData(domain, PERMIT, {
    owner: signer.address,
    deadline: DEADLINE,
    ...message,
  });
  return Signature.from(signature);
}

const usdcWithPermit = (signer: HardhatEthersSigner) =>
  contractAt(
    MAINNET.usdc,
    [
      "function permit(address,address,uint256,uint256,uint8,bytes32,bytes32)",
      "function permit(address,address,uint256,uint256,bytes)",
      "function allowance(address,address) view returns (uint256)",
      "function balanceOf(address) view returns (uint256)",
    ],
    signer,
  );

describe("Vault permits", () => {
  const keel = useKeel(async (k) => {
    await k.mainnet.mintUsdc(k.alice.address as `0x${string}`, AMOUNT);
  });
  const signAlice = () =>
    signPermit(keel().alice, usdcDomain, { spender: keel().contracts.Vault, value: AMOUNT, nonce: 0n });
  const depositWithPermit = async (as: HardhatEthersSigner, { v, r, s }: Signature, receiver = as) =>
    vaultAs(keel(), as).depositWithPermit!(AMOUNT, receiver.address, DEADLINE, v, r, s);

  it("deposits in one transaction", async () => {
    const { vault, alice, bob } = keel();
    await depositWithPermit(alice, await signAlice(), bob);
    expect(await vault.balanceOf!(bob.address)).to.equal(AMOUNT * 10n ** 6n);
    expect(await vault.cash!()).to.equal(AMOUNT);
  });

  it("deposits when somebody has used the permit before", async () => {
    const { vault, alice, stranger, contracts } = keel();
    const { v, r, s } = await signAlice();
    await usdcWithPermit(stranger)
      .getFunction("permit(address,address,uint256,uint256,uint8,bytes32,bytes32)")
      .call(null, alice.address, contracts.Vault, AMOUNT, DEADLINE, v, r, s);
    await depositWithPermit(alice, Signature.from({ v, r, s }));
    expect(await vault.balanceOf!(alice.address)).to.equal(AMOUNT * 10n ** 6n);
  });

  it("deposits nothing of somebody else's", async () => {
    const { stranger, alice, usdc } = keel();
    await expect(depositWithPermit(stranger, await signAlice())).to.revert(keel().ethers);
    expect(await usdc.balanceOf!(alice.address)).to.equal(AMOUNT);
  });

  it("deposits nothing without a good permit", async () => {
    const { alice, bob, contracts } = keel();
    const { Vault: spender } = contracts;
    const bad = [
      await signPermit(bob, usdcDomain, { spender, value: AMOUNT, nonce: 0n, owner: alice.address }),
      await signPermit(alice, usdcDomain, { spender, value: AMOUNT, nonce: 1n }),
      await signPermit(alice, { ...usdcDomain, chainId: 1 }, { spender, value: AMOUNT, nonce: 0n }),
    ];
    for (const signature of bad) {
      await expect(depositWithPermit(alice, signature)).to.revert(keel().ethers);
    }
  });

  it("lets shares move on their owner's signature", async () => {
    const { vault, alice, bob, contracts, networkHelpers } = keel();
    await depositWithPermit(alice, await signAlice());
    const domain = {
      name: "Keel ETH Options Vault",
      version: "1",
      chainId: 31337,
      verifyingContract: contracts.Vault,
    } as unknown as typeof usdcDomain;
    const shares = (await vault.balanceOf!(alice.address)) as bigint;
    const { v, r, s } = await signPermit(alice, domain, { spender: bob.address, value: shares, nonce: 0n });
    const as = vaultAs(keel(), bob);
    await as.permit!(alice.address, bob.address, shares, DEADLINE, v, r, s);
    const again = as.permit!(alice.address, bob.address, shares, DEADLINE, v, r, s);
    await expect(again).to.be.revertedWithCustomError(vault, "ERC2612InvalidSigner");
    await as.redeem!(shares, bob.address, alice.address);
    expect(await keel().usdc.balanceOf!(bob.address)).to.equal(AMOUNT);

    const past = BigInt(await networkHelpers.time.latest()) - 1n;
    const late = await signPermit(alice, domain, {
      spender: bob.address,
      value: shares,
      nonce: 1n,
      deadline: past,
    });
    await expect(
      as.permit!(alice.address, bob.address, shares, past, late.v, late.r, late.s),
    ).to.be.revertedWithCustomError(vault, "ERC2612ExpiredSignature");
  });

  it("is not the quoter's to give: its signature spends nothing of the vault's", async () => {
    const { contracts, quoter, stranger, alice, deposit } = keel();
    await deposit(alice, AMOUNT);
    const usdc = usdcWithPermit(stranger);
    const { serialized } = await signPermit(quoter, usdcDomain, {
      owner: contracts.Vault,
      spender: stranger.address,
      value: AMOUNT,
      nonce: 0n,
    });
    const permit = usdc.getFunction("permit(address,address,uint256,uint256,bytes)") as Contract["permit"];
    await expect(permit!(contracts.Vault, stranger.address, AMOUNT, DEADLINE, serialized)).to.be.revertedWith(
      "EIP2612: invalid signature",
    );
    expect(await usdc.allowance!(contracts.Vault, stranger.address)).to.equal(0n);
    // The same bytes pass where the signer is no contract that has a say.
    await permit!(
      quoter.address,
      stranger.address,
      1n,
      DEADLINE,
      (await signPermit(quoter, usdcDomain, { spender: stranger.address, value: 1n, nonce: 0n })).serialized,
    );
    expect(await usdc.allowance!(quoter.address, stranger.address)).to.equal(1n);
  });
});
