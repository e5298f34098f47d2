import { secretsOfUrl, type Secret } from "../config/secret.ts";
import type { Severity } from "../fleet/status.ts";
import { describeError } from "../log/describeError.ts";

/** What a webhook is sent, as JSON: `text` is what Slack and its kind show, the rest is for programs. */
export interface AlertMessage {
  readonly text: string;
  readonly name: string;
  readonly severity: Severity;
  readonly chainId: number | null;
  readonly vault: string | null;
  /** ISO 8601. */
  readonly since: string;
  readonly resolved: boolean;
}

/** The job by which a message is delivered. Its data is an {@link AlertMessage}: the webhook's URL stays out of the database. */
export const ALERT_JOB = {
  name: "alert-webhook",
  /** Tries for about a day, in growing steps: a webhook that is down for longer has other users who notice. */
  options: { retryLimit: 20, retryDelay: 5, retryBackoff: true, retryDelayMax: 7200 },
} as const;

/** A message that was not delivered. It does not repeat the webhook's URL. */
export class WebhookError extends Error {
  override readonly name = "WebhookError";
}

export interface WebhookOptions {
  readonly url: Secret;
  /** Milliseconds. */
  readonly timeout?: number;
}

const TIMEOUT = 10_000;

/** Delivers a message; rejects with {@link WebhookError} where the webhook did not take it, so that the job is tried again. */
export type Deliver = (message: AlertMessage) => Promise<void>;

/** The handler of {@link ALERT_JOB}. */
export function createWebhook({ url, timeout = TIMEOUT }: WebhookOptions): Deliver {
  const secrets = secretsOfUrl(url);
  return async (message) => {
    let status: number;
    try {
      const response = await fetch(url.reveal(), {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(message),
        // What it knows of the vault goes to the address that the operator gave, and nowhere else.
        redirect: "error",
        signal: AbortSignal.timeout(timeout),
      });
      status = response.status;
      await response.body?.cancel();
    } catch (error) {
      // fetch hides why in the cause.
      const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
      const why = secrets.reduce((text, secret) => secret.blot(text), describeError(cause));
      throw new WebhookError(`The webhook could not be reached: ${why}`);
    }
    if (status < 200 || status > 299) throw new WebhookError(`The webhook answered ${String(status)}.`);
  };
}
