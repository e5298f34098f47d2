import { expect } from "chai";
import { artifacts } from "hardhat";

import { DEFAULT_BUDGETS, DEFAULT_LIMITS } from "../../scripts/deployKeel.ts";
import { WAD } from "./utils/keel.ts";
import { useKeel } from "./utils/useKeel.ts";
import { setLimits, vaultAs } from "./utils/vault.ts";
import { IS_INSTRUMENTED } from "../support/instrumented.ts";

/** Bytes, EIP-170. */
const CODE_LIMIT = 24_576;
const LIBRARIES = ["ExitQueue", "Governance", "HedgeGate", "OptionLedger", "Valuation"];

describe("Vault governance", () => {
  const keel = useKeel();

  it("bounds every limit", async () => {
    const { vault } = keel();
    const ceilings = {
      ripcordDrift: 1_000n * WAD,
      rescueSlippage: WAD / 10n,
      quoteEdge: WAD / 10n,
      shortMarginRatio: 4n * WAD,
      maxGamma: WAD / 2n,
      maxVega: WAD / 10n,
      ripcordReward: 1_000n * 10n ** 6n,
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
    const slippage = WAD / 20n;
    await setLimits(keel(), { maxSlippage: slippage, rescueSlippage: slippage });
    await setLimits(keel(), { ripcordDrift: DEFAULT_LIMITS.minDrift, maxAge: 30 * 86_400 });
    for (const limits of [
      { maxSlippage: slippage + 1n, rescueSlippage: WAD / 10n },
      { maxAge: 30 * 86_400 + 1 },
      { minDrift: 0n },
      { ripcordDrift: DEFAULT_LIMITS.minDrift - 1n },
      { rescueSlippage: DEFAULT_LIMITS.maxSlippage - 1n },
    ]) {
      await expect(setLimits(keel(), limits)).to.be.revertedWithCustomError(vault, "LimitOutOfRange");
    }
    expect((await vault.limits!()).maxAge).to.equal(30n * 86_400n);
  });

  it("begins with a budget for each use, no fewer and no more", async () => {
    const { ethers, contracts, vault, usdc } = keel();
    const governance = await ethers.deployContract("Governance");
    const libraries = Object.fromEntries(LIBRARIES.map((name) => [name, governance]));
    const factory = await ethers.getContractFactory("Vault", { libraries });
    const { AccessManager, OptionBook, PriceOracle, VolatilityOracle, RiskEngine } = contracts;
    const budgets = Object.values(DEFAULT_BUDGETS).map((budget) => ({ ...budget, used: 0, updatedAt: 0 }));
    const open = (given: typeof budgets) => {
      const ground = [AccessManager, OptionBook, PriceOracle, VolatilityOracle, RiskEngine];
      return factory.deploy(usdc, ...ground, DEFAULT_LIMITS, given);
    };
    for (const wrong of [budgets.slice(1), [...budgets, budgets[0]!]]) {
      await expect(open(wrong)).to.be.revertedWithCustomError(vault, "LimitOutOfRange");
    }
    await open(budgets);
  });

  it("shuts down once, for good", async () => {
    const { vault, admin } = keel();
    await expect(vaultAs(keel(), admin).shutdown!()).to.emit(vault, "ShutDown");
    await expect(vaultAs(keel(), admin).shutdown!()).to.be.revertedWithCustomError(vault, "IsShutDown");
    expect(await vault.isShutdown!()).to.equal(true);
  });

  it("adds venues of this vault, each once, four at most", async () => {
    const { vault, ethers, admin, alice, contracts, spot } = keel();
    const add = (venue: unknown) => vaultAs(keel(), admin).addVenue!(venue, WAD);
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
        .withArgs(2 + i, await venue.getAddress(), WAD);
    }
    const fifth = await ethers.deployContract("MockVenue", [contracts.Vault]);
    await expect(add(fifth)).to.be.revertedWithCustomError(vault, "TooManyVenues");
    expect(await vault.venues!()).to.have.length(4);
  });

  it("is deployed under the size limit", async function () {
    if (IS_INSTRUMENTED) this.skip();
    const { contracts, ethers, vault } = keel();
    const sizeOf = async (address: string) => ((await ethers.provider.getCode(address)).length - 2) / 2;
    for (const [name, address] of Object.entries(contracts)) {
      expect(await sizeOf(address), name).to.be.within(1, CODE_LIMIT);
    }
    // The libraries it is linked with, where its code has their addresses.
    const { deployedBytecode, deployedLinkReferences } = await artifacts.readArtifact("Vault");
    const code = await ethers.provider.getCode(await vault.getAddress());
    expect(code.length).to.equal(deployedBytecode.length);
    const names = Object.values(deployedLinkReferences).flatMap((file) => Object.entries(file));
    expect(names.map(([name]) => name).sort()).to.deep.equal(LIBRARIES);
    for (const [name, [place]] of names) {
      const address = code.slice(2 + 2 * place!.start, 2 + 2 * (place!.start + place!.length));
      expect(await sizeOf(`0x${address}`), name).to.be.within(1, CODE_LIMIT);
    }
  });
});
