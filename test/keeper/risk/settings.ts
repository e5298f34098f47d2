import { expect } from "chai";

import { minimal, settings } from "../utils/settings.ts";
import { RISK } from "../utils/riskFacts.ts";

describe("the settings of risk", () => {
  const { load, problems } = settings();
  const riskOf = (risk: unknown) => load({ ...minimal, risk }).vaults[0].risk;

  it("are on, with every threshold, unless something else is said", () => {
    expect(load(minimal).vaults[0].risk).to.deep.equal(RISK);
    expect(RISK).to.include({ enabled: true, dwell: 1800, horizon: 600, halfLife: 3600 });
    expect(riskOf({ enabled: false }).enabled).to.equal(false);
    expect(riskOf({ gap: { cautious: 0.005 } }).gap).to.deep.equal({ ...RISK.gap, cautious: 0.005 });
    expect(riskOf({ volatility: { halt: 9 } }).volatility.halt).to.equal(9);
  });

  it("are of a vault: each may have its own", () => {
    const vaults = [
      { name: "first", deployment: "1.json" },
      { name: "second", deployment: "2.json", risk: { dwell: 60 } },
    ];
    const config = load({ ...minimal, risk: { dwell: 600 }, vaults });
    expect(config.vaults.map(({ risk }) => risk.dwell)).to.deep.equal([600, 60]);
  });

  const wrong: [unknown, RegExp][] = [
    // A state that is left where it is entered flaps.
    [{ gap: { leave: 1 } }, /^risk\.gap\.leave: /],
    [{ breach: { leave: 0 } }, /^risk\.breach\.leave: /],
    [{ breach: { cautious: 0.05 } }, /^risk\.breach\.defensive: must lie above cautious and below halt$/],
    [{ margin: { defensive: 2 } }, /^risk\.margin\.defensive: must lie above cautious and below halt$/],
    [{ volatility: { halt: 3 } }, /^risk\.volatility\.defensive: must lie above/],
    [{ thinness: { cautious: -1 } }, /^risk\.thinness\.cautious: /],
    [{ dwell: 0 }, /^risk\.dwell: /],
    [{ horizon: 1e9 }, /^risk\.horizon: /],
    [{ tighten: { cautious: { delta: 1.01 } } }, /^risk\.tighten\.cautious\.delta: /],
    [{ tighten: { defensive: { riskAversion: 0.5 } } }, /^risk\.tighten\.defensive\.riskAversion: /],
    [{ tighten: { defensive: { delta: 0.8 } } }, /^risk\.tighten\.defensive: must be at least as tight/],
    [{ gaps: {} }, /^risk\.gaps: unknown key$/],
  ];
  for (const [risk, problem] of wrong) {
    it(`refuse ${JSON.stringify(risk)}`, () => {
      const found = problems({ ...minimal, risk });
      expect(found).to.have.length(1);
      expect(found[0]).to.match(problem);
    });
  }
});
