import { expect } from "chai";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import type { Contract } from "ethers";
import type { Address } from "viem";

import Keel, { ROLES } from "../../deployments/modules/Keel.ts";
import {
  deployKeel,
  flatSurface,
  keelParameters,
  MAINNET_GROUND,
  sharedRole,
  type KeelRoles,
} from "../../scripts/deployKeel.ts";
import { useKeel, type Keel as KeelFixture } from "./utils/useKeel.ts";

/** The roles in the order of their ids. */
const NAMES = ["admin", "keeper", "quoter", "guardian", "surfacePoster"] as const;

describe("Keel is not deployed with two roles on one address", () => {
  const keel = useKeel();
  const rolesOf = (k: KeelFixture): KeelRoles => ({
    admin: k.admin.address as Address,
    keeper: k.keeper.address as Address,
    quoter: k.quoter.address as Address,
    guardian: k.guardian.address as Address,
    surfacePoster: k.surfacePoster.address as Address,
  });
  const as = (contract: Pick<Contract, "connect">, signer: HardhatEthersSigner) =>
    contract.connect(signer) as Contract;

  const PAIRS = NAMES.flatMap((a, i) => NAMES.slice(i + 1).map((b) => [a, b] as const));

  it("nor with one on the deployer's: refused before anything is sent", async () => {
    const { connection, ethers } = keel();
    const [deployer] = await ethers.getSigners();
    const deployerAddress = deployer!.address as Address;
    const blockBefore = await ethers.provider.getBlockNumber();
    const options = { ground: MAINNET_GROUND, surface: flatSurface(0.6) };
    const refusal = (roles: KeelRoles) =>
      deployKeel(connection, { ...options, roles }).then(
        () => "deployed",
        (error: unknown) => (error as Error).message,
      );
    for (const [a, b] of PAIRS) {
      const roles = { ...rolesOf(keel()), [b]: rolesOf(keel())[a].toLowerCase() as Address };
      expect(await refusal(roles)).to.equal(`roles.${b} must not be the account of roles.${a}`);
    }
    for (const name of NAMES) {
      expect(await refusal({ ...rolesOf(keel()), [name]: deployerAddress })).to.equal(
        `roles.${name} must not be the account of the deployer`,
      );
    }
    expect(await ethers.provider.getBlockNumber()).to.equal(blockBefore);
    expect(sharedRole(rolesOf(keel()), deployerAddress)).to.equal(undefined);
  });

  it("by the chain too, with the deployer still there to mend it", async () => {
    const { connection, ethers } = keel();
    const [deployer] = await ethers.getSigners();
    const roles = { ...rolesOf(keel()), quoter: keel().keeper.address as Address };
    const nonce = await deployer!.getNonce();
    const refusal = await connection.ignition
      .deploy(Keel, {
        parameters: { Keel: keelParameters({ ground: MAINNET_GROUND, roles, surface: flatSurface(0.6) }) },
      })
      .then(
        () => "deployed",
        (error: unknown) => (error as Error).message,
      );
    expect(refusal).to.match(/RoleSeparation.*WrongRole/s);
    // Its first contract.
    const manager = await ethers.getContractAt(
      "AccessManager",
      ethers.getCreateAddress({ from: deployer!.address, nonce }),
    );
    expect(await manager.hasRole!(ROLES.ADMIN, deployer!.address)).to.deep.equal([true, 0n]);
  });

  it("which knows each wrong pair, and a role that is missing", async () => {
    const { ethers, manager } = keel();
    const separation = await ethers.getContractFactory("RoleSeparation");
    const check = (accounts: readonly string[]) =>
      ethers.deployContract("RoleSeparation", [manager, accounts]);
    const own = NAMES.map((name) => rolesOf(keel())[name] as string);
    await check(own);
    for (let i = 0; i < own.length; ++i) {
      for (const account of [...own, keel().stranger.address]) {
        if (account === own[i]) continue;
        const accounts = own.map((address, at) => (at === i ? account : address));
        await expect(check(accounts)).to.be.revertedWithCustomError(separation, "WrongRole");
      }
      // One that has another's role beside its own.
      const snapshot = await keel().networkHelpers.takeSnapshot();
      await as(manager, keel().admin).grantRole!((i + 1) % own.length, own[i], 0);
      await expect(check(own))
        .to.be.revertedWithCustomError(separation, "WrongRole")
        .withArgs(own[i], (i + 1) % own.length);
      await snapshot.restore();
      // The deployer, who has a role of Keel's only until the end.
      const [deployer] = await ethers.getSigners();
      await as(manager, keel().admin).grantRole!(i, deployer!.address, 0);
      const accounts = own.map((address, at) => (at === i ? deployer!.address : address));
      await expect(check(accounts))
        .to.be.revertedWithCustomError(separation, "WrongRole")
        .withArgs(deployer!.address, i);
      await snapshot.restore();
    }
    await as(manager, keel().admin).grantRole!(ROLES.HOT_ADMIN, own[1], 0);
    await expect(check(own))
      .to.be.revertedWithCustomError(separation, "WrongRole")
      .withArgs(own[1], ROLES.HOT_ADMIN);
  });
});
