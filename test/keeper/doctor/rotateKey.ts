import { expect } from "chai";
import { encodeFunctionData, parseAbi, type Address } from "viem";

import { createChainClient } from "../../../keeper/chain/client.ts";
import { checkRole } from "../../../keeper/doctor/deployment.ts";
import { keelFixture } from "../../contracts/utils/keel.ts";

const KEEPER = 1n;
const DELAY = 3_600;
const MANAGER = parseAbi(["function grantRole(uint64 role, address account, uint32 delay)"]);

describe("another account for the keeper, as the runbook gives it the role", () => {
  it("has it after the admin's delay, and the old one loses it at once", async () => {
    const keel = await keelFixture({ adminDelay: DELAY });
    const { manager, revoker, admin, guardian, keeper, stranger, contracts, networkHelpers } = keel;
    const client = createChainClient({ provider: keel.provider as never });
    const deployment = { chainId: 31337, block: 0, contracts };
    const has = async (account: string) =>
      (await checkRole({ client, deployment, subject: "vault" }, account as Address)).ok;

    const args = [KEEPER, stranger.address as Address, 0] as const;
    const data = encodeFunctionData({ abi: MANAGER, functionName: "grantRole", args });
    const asAdmin = manager.connect(admin);
    await asAdmin.getFunction("schedule")(contracts.AccessManager, data, 0);
    const early = await asAdmin
      .getFunction("grantRole")(...args)
      .then(
        () => "granted",
        () => "refused",
      );
    expect([early, await has(stranger.address)]).to.deep.equal(["refused", false]);
    await networkHelpers.time.increase(DELAY);
    await asAdmin.getFunction("grantRole")(...args);
    expect([await has(stranger.address), await has(keeper.address)]).to.deep.equal([true, true]);
    await revoker.connect(guardian).getFunction("revoke")(KEEPER, keeper.address);
    expect([await has(stranger.address), await has(keeper.address)]).to.deep.equal([true, false]);
  });
});
