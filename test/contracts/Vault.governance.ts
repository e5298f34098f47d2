import { expect } from "chai";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import type { Contract } from "ethers";

import { DEFAULT_LIMITS, flatSurface } from "../../scripts/deployKeel.ts";
import { WAD } from "./utils/keel.ts";
import { useKeel } from "./utils/useKeel.ts";
import { setLimits, vaultAs } from "./utils/vault.ts";

describe("Vault governance", () => {
  const keel = useKeel();

  /** Every restricted function with arguments, and the only one who gets past the gate. */
  const restricted = (): [Contract, string, unknown[], string][] => {
    const { vault, volatilityOracle, short } = keel();
    return [
      [vault, "rebalance", [[], 0n, 0n, 0n], "keeper"],
      [vault, "pause", [], "guardian"],
      [vault, "cancelQuotes", [1n], "guardian"],
      [vault, "unpause", [], "admin"],
      [vault, "setLimits", [DEFAULT_LIMITS], "admin"],
      [vault, "addVenue", [short], "admin"],
      [volatilityOracle, "post", [flatSurface(0.6)], "surfacePoster"],
    ];
  };

  it("opens each function to one role", async () => {
    const { keeper, quoter, guardian, surfacePoster, admin, stranger, alice, ethers } = keel();
    const [deployer] = await ethers.getSigners();
    const accounts: Record<string, HardhatEthersSigner> = {
      keeper,
      quoter,
      guardian,
      surfacePoster,
      admin,
      stranger,
      alice,
      deployer: deployer!,
    };
    const unauthorized = keel().vault.interface.getError("AccessManagedUnauthorized")!.selector;
    for (const [contract, method, args, role] of restricted()) {
      for (const [name, account] of Object.entries(accounts)) {
        const call = (contract.connect(account) as Contract).getFunction(method);
        const outcome = await call.staticCall(...args).then(
          () => "done",
          (error: { data?: string }) => error.data?.slice(0, 10) ?? "no data",
        );
        expect(outcome === unauthorized, `${method} by ${name}`).to.equal(name !== role);
      }
    }
  });

  it("lets nobody but the admin hand out roles", async () => {
    const { manager, keeper, guardian, stranger, vault, ethers } = keel();
    const [deployer] = await ethers.getSigners();
    for (const account of [keeper, guardian, stranger, deployer!]) {
      const as = manager.connect(account) as Contract;
      const sent = [
        as.grantRole!.staticCall(1n, stranger.address, 0),
        as.revokeRole!.staticCall(1n, keeper.address),
        as.setTargetFunctionRole!.staticCall(vault, ["0x12345678"], 1n),
        as.setTargetClosed!.staticCall(vault, true),
        as.updateAuthority!.staticCall(vault, stranger.address),
      ];
      for (const call of sent) {
        await expect(call).to.be.revertedWithCustomError(manager, "AccessManagerUnauthorizedAccount");
      }
    }
    await expect(vaultAs(keel(), keel().admin).setAuthority!(stranger.address)).to.be.revertedWithCustomError(
      vault,
      "AccessManagedUnauthorized",
    );
  });

  it("bounds every limit", async () => {
    const { vault } = keel();
    const ceilings = {
      maxSlippage: WAD / 20n,
      maxLoss: WAD / 20n,
      quoteEdge: WAD / 10n,
    };
    for (const [name, ceiling] of Object.entries(ceilings)) {
      await setLimits(keel(), { [name]: ceiling });
      await expect(setLimits(keel(), { [name]: ceiling + 1n })).to.be.revertedWithCustomError(
        vault,
        "LimitOutOfRange",
      );
    }
    await expect(setLimits(keel(), { maxAge: 30 * 86_400 }))
      .to.emit(vault, "LimitsSet")
      .withArgs(Object.values({ ...DEFAULT_LIMITS, maxAge: 30 * 86_400 }));
    for (const limits of [{ maxAge: 30 * 86_400 + 1 }, { minDrift: 0n }]) {
      await expect(setLimits(keel(), limits)).to.be.revertedWithCustomError(vault, "LimitOutOfRange");
    }
    expect((await vault.limits!()).maxAge).to.equal(30n * 86_400n);
  });

  it("adds venues of this vault, each once, four at most", async () => {
    const { vault, ethers, admin, alice, contracts, spot } = keel();
    const add = (venue: unknown) => vaultAs(keel(), admin).addVenue!(venue);
    const other = await ethers.deployContract("MockVenue", [alice.address]);
    await expect(add(other)).to.be.revertedWithCustomError(vault, "WrongVenueOwner");
    await expect(add(spot)).to.be.revertedWithCustomError(vault, "DuplicateVenue");
    const own = [
      await ethers.deployContract("MockVenue", [contracts.Vault]),
      await ethers.deployContract("MockVenue", [contracts.Vault]),
    ];
    for (const [i, venue] of own.entries()) {
      await expect(add(venue))
        .to.emit(vault, "VenueAdded")
        .withArgs(2 + i, await venue.getAddress());
    }
    const fifth = await ethers.deployContract("MockVenue", [contracts.Vault]);
    await expect(add(fifth)).to.be.revertedWithCustomError(vault, "TooManyVenues");
    expect(await vault.venues!()).to.have.length(4);
  });

  it("is deployed under the size limit", async () => {
    const { contracts, ethers } = keel();
    for (const [name, address] of Object.entries(contracts)) {
      const code = await ethers.provider.getCode(address);
      expect((code.length - 2) / 2, name).to.be.within(1, 24_576);
    }
  });
});
