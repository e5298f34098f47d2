import { expect } from "chai";

import { calibrateRiskAversion } from "../../../keeper/math/calibration.ts";
import { doctorHarness, ill, named, one } from "../utils/doctorHarness.ts";
import { OTHER_KEY } from "../utils/keys.ts";

const NOBODY = `0x${"ab".repeat(20)}`;

describe("keeper doctor, of vaults", function () {
  this.timeout(60_000);
  const harness = doctorHarness();

  it("tells a deployment file that is missing, and looks at the signer all the same", async () => {
    const checks = await harness.examine({ config: { deployment: "/none.json" } });
    expect(ill(checks)).to.deep.equal(["vault weekly: deployment"]);
    expect(one(checks, "vault weekly: deployment").detail).to.equal("/none.json: cannot be read (ENOENT)");
    expect(one(checks, "vault weekly: signer").ok).to.equal(true);
  });

  it("tells a deployment of another chain", async () => {
    const check = one(await harness.examine({ deployment: { chainId: 1 } }), "vault weekly: chain");
    expect(check.ok).to.equal(false);
    expect(check.detail).to.equal("the deployment is of chain 1, and the RPC serves chain 31337");
  });

  it("tells where there is no code", async () => {
    const contracts = { ...harness.keel.contracts, Lens: NOBODY };
    const checks = await harness.examine({ deployment: { contracts } });
    expect(ill(checks)).to.deep.equal(["vault weekly: contracts"]);
    expect(one(checks, "vault weekly: contracts").detail).to.match(/no code at Lens 0xabab/i);
  });

  it("tells a Lens that is none", async () => {
    const contracts = { ...harness.keel.contracts, Lens: harness.keel.contracts.OptionBook };
    const checks = await harness.examine({ deployment: { contracts } });
    expect(ill(checks)).to.deep.equal(["vault weekly: snapshot"]);
  });

  it("tells an account without the role, and who gives it", async () => {
    const check = one(await harness.examine({ env: { KEEL_PRIVATE_KEY: OTHER_KEY } }), "vault weekly: role");
    expect(check.ok).to.equal(false);
    expect(check.detail).to.match(/^0x\w{40} lacks the KEEPER role$/);
    expect(check.mend).to.contain(`on the AccessManager ${harness.keel.contracts.AccessManager}`);
  });

  it("tells a role that was taken away, and one with a delay", async () => {
    const { manager, admin, keeper } = harness.keel;
    await manager.connect(admin).getFunction("revokeRole")(1n, keeper.address);
    expect(one(await harness.examine(), "vault weekly: role").detail).to.match(/ lacks the KEEPER role$/);
    await manager.connect(admin).getFunction("grantRole")(1n, keeper.address, 60);
    expect(one(await harness.examine(), "vault weekly: role").detail).to.match(
      / may rebalance only 60 s after/,
    );
  });

  it("tells an oracle that is stale", async () => {
    await harness.keel.networkHelpers.time.increase(2 * 3_600);
    await harness.keel.networkHelpers.mine();
    const check = one(await harness.examine(), "vault weekly: oracle");
    expect(check.ok).to.equal(false);
    expect(check.detail).to.match(/^its price is stale: price \d+ s old/);
  });

  it("warns of an oracle that is fit for de-risking only", async () => {
    // The dollar's peg is off: the price goes on.
    await harness.keel.mainnet.submitUsdcUsd(0.95);
    const check = one(await harness.examine(), "vault weekly: oracle");
    expect(check.ok, check.detail).to.equal("warn");
    expect(check.detail).to.match(/^fit only for less drift or debt/);
  });

  it("warns of a vault that is paused, and of one that is shut down", async () => {
    const { vault, guardian, admin } = harness.keel;
    await vault.connect(guardian).getFunction("pause")();
    const paused = one(await harness.examine(), "vault weekly: business");
    expect(paused.ok).to.equal("warn");
    expect(paused.detail).to.match(/^paused by the guardian/);
    await vault.connect(admin).getFunction("shutdown")();
    expect(one(await harness.examine(), "vault weekly: business").detail).to.match(/^shut down for good/);
  });

  it("warns where what it decides would be refused", async () => {
    const cheap = await harness.examine({ config: { maxBaseFeeGwei: 1e-9, riskAversion: 1 } });
    const check = one(cheap, "vault weekly: decision");
    expect(check.ok).to.equal("warn");
    expect(check.detail).to.match(
      /would trade .*; but it would be refused: The base fee \d+ is above the cap 1\.$/,
    );
    expect(one(cheap, "vault weekly: limits").detail).to.match(
      /below 1e-9 gwei; the base fee is .* gwei now$/,
    );
  });

  it("shows the limits in force, and warns of one that the chain or the band makes void", async () => {
    const tight = await harness.examine({
      config: { limits: { delta: 100, gasUsd: 50 }, fleet: { limits: { delta: 40 } } },
    });
    expect(one(tight, "vault weekly: limits")).to.include({
      ok: true,
      detail:
        "acts from 40 ETH of drift (100 of its own, tightened by the fleet's), for at most 50 USD of gas",
    });
    const full = await harness.examine({ config: { limits: { delta: 100, vega: 1e-12, gasUsd: 50 } } });
    expect(one(full, "vault weekly: limits").detail).to.match(
      /^acts from 50 ETH of drift \(100 of its own, tightened by its vega-limit\), /,
    );
    const tiny = one(await harness.examine({ config: { limits: { delta: 1e-6 } } }), "vault weekly: limits");
    expect(tiny.ok).to.equal("warn");
    expect(tiny.detail).to.match(/; the vault refuses a rebalance below /);
    const inBand = one(
      await harness.examine({ config: { limits: { delta: 5 }, riskAversion: 1e-6 } }),
      "vault weekly: limits",
    );
    expect(inBand.detail).to.match(/; the band reaches [\d.]+ ETH, so that the limit acts before it$/);
  });

  it("warns of a risk aversion that was calibrated in another market", async () => {
    const calibrated = (spot: number) => {
      const calibration = {
        ...{ pnlDeviation: 20_000, spot, sigma: 0.6, gamma: 0.2, gasUsd: 8, feeRate: 0.0005, kappa: 0 },
      };
      const { pnlDeviation: targetStd, gamma: gammaCap, ...rest } = calibration;
      return { calibration, riskAversion: calibrateRiskAversion({ targetStd, gammaCap, ...rest }) };
    };
    const check = one(await harness.examine({ config: calibrated(300) }), "vault weekly: risk aversion");
    expect(check.ok).to.equal("warn");
    expect(check.detail).to.match(/per USD; 20000 USD per root year would take [\d.e-]+ in this market$/);
  });

  it("needs no risk aversion where the rule has none", async () => {
    const strategy = { name: "time", params: { seconds: 3_600 } };
    const checks = await harness.examine({ config: { strategy, riskAversion: undefined } });
    expect(ill(checks)).to.deep.equal([]);
    expect(named(checks, "vault weekly: risk aversion")).to.deep.equal([]);
    expect(one(checks, "vault weekly: decision").detail).to.match(/^time /);
  });

  it("tells an account without ether, and one that soon has none", async () => {
    const { keeper } = harness.keel;
    const withBalance = async (wei: bigint) => {
      await harness.rpc("hardhat_setBalance", [keeper.address, `0x${wei.toString(16)}`]);
      return one(await harness.examine({ config: { riskAversion: 1 } }), "vault weekly: balance");
    };
    const rich = await withBalance(10n ** 20n);
    expect(rich.ok).to.equal(true);
    const need = Number(/([\d.e-]+) ETH pays for 10 rebalances/.exec(rich.detail)![1]);
    const low = await withBalance(BigInt(Math.floor(need * 0.5 * 1e18)));
    expect([low.ok, low.mend]).to.deep.equal(["warn", `send ether to ${keeper.address}`]);
    expect((await withBalance(0n)).ok).to.equal(false);
  });

  it("looks at one vault where it is asked for one", async () => {
    const deployment = harness.write("other.json", {
      chainId: 31337,
      block: 0,
      contracts: { ...harness.keel.contracts, Vault: NOBODY },
    });
    const shared = { riskAversion: 1e-4, limits: { delta: 10 } };
    harness.prepare();
    const config = {
      vaults: [
        { name: "weekly", ...shared },
        { name: "monthly", deployment, ...shared },
      ],
      name: undefined,
    };
    expect(ill(await harness.examine({ config }))).to.deep.equal(["vault monthly: contracts"]);
    expect(ill(await harness.examine({ config, options: { vault: "weekly" } }))).to.deep.equal([]);
  });
});
