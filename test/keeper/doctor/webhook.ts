import { expect } from "chai";

import { Secret } from "../../../keeper/config/secret.ts";
import { checkWebhook } from "../../../keeper/doctor/webhook.ts";
import { startJsonServer, type Answer } from "../utils/jsonServer.ts";

describe("keeper doctor, of the webhook", () => {
  /** What the doctor finds, and what the webhook got. */
  async function ask(answer: Answer, sendsTest: boolean) {
    const got: unknown[] = [];
    const server = await startJsonServer((body) => {
      got.push(body);
      return answer;
    });
    const alertWebhook = new Secret(`${server.url}/token-of-the-operator`);
    const [check] = await checkWebhook({ alertWebhook }, sendsTest);
    await server.close();
    return { check: check!, got };
  }

  it("warns where there is none", async () => {
    expect((await checkWebhook({ alertWebhook: null }, true))[0]!.ok).to.equal("warn");
  });

  it("sends nothing unless asked to", async () => {
    const { check, got } = await ask({ json: {} }, false);
    expect([check.ok, got]).to.deep.equal([true, []]);
  });

  it("sends one message that tells itself from an alert", async () => {
    const { check, got } = await ask({ text: "ok" }, true);
    expect(check).to.include({ ok: true, detail: "took a test message" });
    expect(got).to.have.length(1);
    expect(got[0]).to.include({ name: "doctor-test", severity: "info", resolved: true, vault: null });
  });

  it("tells one that does not take it, without its URL", async () => {
    const refused = await ask({ status: 403, text: "no" }, true);
    expect(refused.check).to.include({ ok: false, detail: "The webhook answered 403." });
    const gone = await ask("hang up", true);
    expect(gone.check.ok).to.equal(false);
    expect(JSON.stringify([refused.check, gone.check])).to.not.contain("token-of-the-operator");
  });
});
