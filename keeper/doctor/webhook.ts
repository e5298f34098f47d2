import { createWebhook } from "../alerts/webhook.ts";
import type { Config } from "../config/load.ts";
import { attempt, passed, warned, type Check } from "./check.ts";

/** Whether the operator would hear of trouble. Only where asked to does it send a message. */
export async function checkWebhook(
  { alertWebhook: url }: Pick<Config, "alertWebhook">,
  sendsTest: boolean,
): Promise<readonly Check[]> {
  const name = "alert webhook";
  if (url === null)
    return [
      warned(
        name,
        "none: alerts are logged and shown, nobody is told",
        "set KEEL_ALERT_WEBHOOK to a URL that takes JSON",
      ),
    ];
  if (!sendsTest) return [passed(name, "set; --alert sends it a test message")];
  return attempt(name, "mend the webhook or KEEL_ALERT_WEBHOOK, then try again with --alert", async () => {
    await createWebhook({ url })({
      text: "[info] A test of the keeper's doctor: alerts arrive here.",
      name: "doctor-test",
      severity: "info",
      chainId: null,
      vault: null,
      since: new Date().toISOString(),
      resolved: true,
    });
    return passed(name, "took a test message");
  });
}
