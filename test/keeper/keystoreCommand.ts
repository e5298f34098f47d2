import { expect } from "chai";

import { privateKeyToAddress } from "viem/accounts";

import { writeKeystore } from "../../keeper/signer/keystore.ts";
import { Secret } from "../../keeper/config/secret.ts";
import { KEEPER_KEY } from "./utils/keys.ts";
import { runCli } from "./utils/runCli.ts";
import { scratch } from "./utils/scratch.ts";

const ADDRESS = privateKeyToAddress(KEEPER_KEY);
const PASSWORD = { KEEL_KEYSTORE_PASSWORD: "correct horse" };

describe("keeper keystore", function () {
  this.timeout(30_000);
  const { at } = scratch();

  it("tells the address of a file, bare or as JSON", async () => {
    const path = at("key.json");
    const [privateKey, password] = [new Secret(KEEPER_KEY), new Secret("correct horse")];
    await writeKeystore({ path, password, privateKey, scryptN: 1024 });
    expect(await runCli(["keystore", "address", path])).to.deep.equal({
      ...{ code: 0, stdout: `${ADDRESS}\n`, stderr: "" },
    });
    const { code, stdout, stderr } = await runCli(["keystore", "address", path, "--json"]);
    expect([code, stderr]).to.deep.equal([0, ""]);
    expect(JSON.parse(stdout)).to.deep.equal({ address: ADDRESS, file: path });
  });

  it("imports the key of the environment, and answers as JSON", async () => {
    const path = at("key.json");
    const env = { ...PASSWORD, KEEL_PRIVATE_KEY: KEEPER_KEY };
    const { code, stdout, stderr } = await runCli(["keystore", "import", path, "--json"], "", env);
    expect([code, stderr]).to.deep.equal([0, ""]);
    expect(JSON.parse(stdout)).to.deep.equal({ address: ADDRESS, file: path });
  });

  it("makes a new key, and answers as JSON whose it is", async () => {
    const path = at("key.json");
    const { code, stdout, stderr } = await runCli(["keystore", "new", path, "--json"], "", PASSWORD);
    expect([code, stderr]).to.deep.equal([0, ""]);
    const { stdout: address } = await runCli(["keystore", "address", path]);
    expect(JSON.parse(stdout)).to.deep.equal({ address: address.trim(), file: path });
  });

  it("answers nothing on standard output where it fails, JSON or not", async () => {
    for (const flags of [[], ["--json"]]) {
      const { code, stdout, stderr } = await runCli(["keystore", "address", at("none.json"), ...flags]);
      expect([code, stdout]).to.deep.equal([1, ""]);
      expect(stderr).to.match(/^[^\n]+ is not a keystore\.\n$/);
    }
  });
});
