import { expect } from "chai";
import { PassThrough } from "node:stream";

import { Notifier, type NotifierOptions } from "../../../keeper/alerts/notifier.ts";
import { createWebhook, type AlertMessage, type Deliver } from "../../../keeper/alerts/webhook.ts";
import { alertsSchema } from "../../../keeper/config/alertSettings.ts";
import { Secret } from "../../../keeper/config/secret.ts";
import type { FleetStatus } from "../../../keeper/fleet/status.ts";
import { createLogger } from "../../../keeper/log/logger.ts";
import { fleet, NOW, vault, withChain, withLane, withVault } from "../utils/fleetStatus.ts";
import { MemoryAlerts } from "../utils/memoryAlerts.ts";
import { WEBHOOK_TOKEN, WebhookServer } from "../utils/webhookServer.ts";

const stalled = withChain({ headAge: 100 });
const settings = alertsSchema.parse({});

/** Seconds for which a trouble must be gone. */
const CLEAR = settings.clearAfter;

describe("alert notifier", () => {
  let now: number;
  let store: MemoryAlerts;
  let webhook: WebhookServer;
  let deliver: Deliver;
  let queue: { readonly message: AlertMessage; readonly key: string }[];
  let log: PassThrough;
  let notifier: Notifier;

  beforeEach(async () => {
    now = NOW;
    store = new MemoryAlerts(() => now);
    webhook = new WebhookServer();
    await webhook.open();
    deliver = createWebhook({ url: new Secret(webhook.url) });
    queue = [];
    log = new PassThrough();
    notifier = create();
  });
  afterEach(() => webhook.close());

  function create(changes: Partial<NotifierOptions> = {}): Notifier {
    return new Notifier({
      store,
      settings,
      webhook: {
        enqueue: async (message, key) => {
          await store.open();
          queue.push({ message, key });
        },
        deliver,
      },
      log: createLogger({ level: "debug", text: false, destination: log }),
      now: () => now,
      ...changes,
    });
  }
  /** What the queue would do: tries each until it is delivered. @returns The times it had to. */
  async function work(): Promise<number> {
    let tries = 0;
    while (queue.length > 0) {
      tries += 1;
      await deliver(queue[0]!.message).then(
        () => queue.shift(),
        () => undefined,
      );
    }
    return tries;
  }
  const texts = () => webhook.taken.map(({ text }) => text);
  /** Lets a trouble be gone for as long as it takes. */
  async function clear(status: FleetStatus = fleet): Promise<void> {
    await notifier.update(status);
    now += CLEAR;
    await notifier.update(status);
  }

  it("delivers an alert although the webhook fails twice", async () => {
    webhook.failures = [500, 429];
    await notifier.update(stalled);
    expect(await work()).to.equal(3);
    expect(webhook.taken).to.deep.equal([
      {
        text: "[critical] Chain 1 has shown no new head for 100 s, where one is due every 12 s.",
        name: "head-stalled",
        severity: "critical",
        chainId: 1,
        vault: null,
        since: new Date(NOW * 1000).toISOString(),
        resolved: false,
      },
    ]);
  });

  it("tells an alert once, again when it lasts, and when it is over", async () => {
    for (let n = 0; n < 5; n += 1) {
      await notifier.update(withChain({ headAge: 100 + n }));
      now += 30;
    }
    await work();
    expect(webhook.taken).to.have.length(1);
    now = NOW + settings.repeatAfter;
    await notifier.update(stalled);
    await notifier.update(stalled);
    await work();
    expect(webhook.taken).to.have.length(2);
    expect(notifier.open).to.have.length(1);

    await clear();
    await work();
    expect(texts()[2]).to.match(/^\[resolved\] Chain 1 has shown/);
    expect(webhook.taken[2]).to.include({ resolved: true, since: webhook.taken[0]!.since });
    expect(notifier.open).to.deep.equal([]);
    expect(store.rows).to.deep.equal([]);
    await notifier.update(fleet);
    expect(queue).to.deep.equal([]);
  });

  it("gives each message a key of its own, the same at every try", async () => {
    await notifier.update(stalled);
    now += settings.repeatAfter;
    await notifier.update(stalled);
    await clear();
    const keys = queue.map(({ key }) => key);
    expect(new Set(keys).size).to.equal(3);
    expect(keys[2]).to.match(/^head-stalled:.*:resolved$/);
  });

  it("says nothing new of a trouble that comes and goes", async () => {
    for (let n = 0; n < 10; n += 1) {
      await notifier.update(n % 2 === 0 ? stalled : fleet);
      now += CLEAR / 2;
    }
    expect(queue).to.have.length(1);
  });

  it("waits before it calls a drift past its limit an alert", async () => {
    const drifting = withVault({ lastDecision: { ...vault.lastDecision!, drift: 12 } });
    await notifier.update(drifting);
    now += settings.driftAfter - 1;
    await notifier.update(drifting);
    await notifier.update(fleet);
    now += 2;
    await notifier.update(drifting);
    expect(queue, "interrupted").to.deep.equal([]);
    now += settings.driftAfter;
    await notifier.update(drifting);
    expect(queue.map(({ message }) => message.name)).to.deep.equal(["drift-past-limit"]);
  });

  it("neither forgets nor repeats what was open before a restart", async () => {
    const drifting = withVault({ lastDecision: { ...vault.lastDecision!, drift: 12 } });
    await notifier.update(drifting);
    now += settings.driftAfter;
    await notifier.update(drifting);
    await work();
    notifier = create();
    await notifier.update(fleet);
    await notifier.update(drifting);
    expect(notifier.open).to.have.length(1);
    now += CLEAR;
    await notifier.update(drifting);
    expect(queue).to.deep.equal([]);
    await clear();
    await work();
    expect(texts()[1]).to.match(/^\[resolved\]/);
  });

  it("tells what was raised by a process that died before it told", async () => {
    const dying = create({
      webhook: {
        enqueue: () => Promise.reject(new Error("killed")),
        deliver: () => new Promise(() => undefined),
      },
    });
    void dying.update(stalled);
    while (store.rows.length === 0) await Promise.resolve();
    await notifier.update(stalled);
    expect(queue).to.have.length(1);
  });

  it("leaves open what another process has taken over", async () => {
    await notifier.update(withLane({ balance: 0n }));
    expect(queue).to.have.length(1);
    await clear(withLane({ lease: "standby", balance: 0n }));
    expect(store.rows).to.have.length(1);
    expect(queue).to.have.length(1);
  });

  describe("of a vault that was taken out of the settings", () => {
    const removed = { ...fleet, vaults: [] };
    const anothers = { ...fleet, vaults: [], lanes: [], chains: [] };

    beforeEach(async () => {
      await notifier.update(withVault({ failures: 5 }));
      await notifier.update({ ...withLane({ balance: 0n }), vaults: [] });
      expect(store.rows.map(({ name }) => name)).to.have.members(["vault-failing", "low-balance"]);
      queue = [];
    });

    it("calls off what is open, where nobody else can have the store", async () => {
      notifier = create({ isAlone: true });
      await clear(removed);
      expect(store.rows).to.deep.equal([]);
      const ended = queue.map(({ message: { name, resolved } }) => [name, resolved]);
      expect(ended).to.have.deep.members([
        ["vault-failing", true],
        ["low-balance", true],
      ]);
    });

    it("does so also where its account and its chain are gone with it", async () => {
      notifier = create({ isAlone: true });
      await clear(anothers);
      expect(store.rows).to.deep.equal([]);
    });

    it("leaves it open where another process may keep it", async () => {
      notifier = create();
      await clear(anothers);
      expect(store.rows).to.have.length(2);
    });

    it("leaves open what is of its own vault on standby", async () => {
      notifier = create({ isAlone: true });
      await clear(withVault({ mode: "standby" }));
      expect(store.rows.map(({ name }) => name)).to.deep.equal(["vault-failing"]);
    });
  });

  it("tells once of what merely happened", async () => {
    const fallback = withVault({ lastFallback: { at: NOW, hash: `0x${"ab".repeat(32)}` } });
    await notifier.update(fallback);
    await clear();
    expect(store.rows).to.deep.equal([]);
    expect(queue).to.have.length(1);
    expect(queue[0]!.message.severity).to.equal("info");
  });

  it("alerts without the database, and says so once when it is back", async () => {
    await notifier.update(stalled);
    await work();
    store.fails = true;
    webhook.failures = [503];
    const down = { ...stalled, database: { reachable: false, lastError: null } };
    await notifier.update(down);
    expect(texts()).to.have.length(1);
    await notifier.update(down);
    await notifier.update(down);
    expect(texts()).to.have.length(2);
    expect(texts()[1]).to.equal("[critical] The database cannot be reached.");

    // Over while the database is down, so that it is told at once.
    await clear({ ...fleet, database: down.database });
    expect(texts()[2]).to.match(/^\[resolved\] Chain 1/);

    store.fails = false;
    await clear();
    await work();
    expect(texts().slice(3)).to.deep.equal(["[resolved] The database cannot be reached."]);
    expect(store.rows).to.deep.equal([]);
    expect(notifier.open).to.deep.equal([]);
  });

  it("takes up again what ended without the database and came back", async () => {
    await notifier.update(stalled);
    store.fails = true;
    await clear();
    store.fails = false;
    for (let n = 0; n < 3; n += 1) await notifier.update(stalled);
    expect(queue).to.have.length(2);
    expect(store.rows).to.have.length(1);
    expect(notifier.open).to.have.length(1);
  });

  it("does not call off what nobody was told of", async () => {
    store.fails = true;
    webhook.failures = [500];
    await notifier.update(stalled);
    await clear();
    expect(webhook.tries).to.equal(1);
    expect(notifier.open).to.deep.equal([]);
  });

  it("keeps what it told without the database when the database is back", async () => {
    store.fails = true;
    await notifier.update(stalled);
    expect(texts()).to.have.length(1);
    store.fails = false;
    await notifier.update(stalled);
    expect(store.rows[0]!.notifiedAt).to.equal(BigInt(NOW));
    notifier = create();
    await notifier.update(stalled);
    expect(queue).to.deep.equal([]);
  });

  it("logs and shows alerts where there is no webhook", async () => {
    notifier = create({ webhook: null });
    await notifier.update(stalled);
    await notifier.update(stalled);
    expect(notifier.open.map(({ name }) => name)).to.deep.equal(["head-stalled"]);
    await clear();
    const lines = String(log.read()).trim().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).to.deep.equal([
      "Alert.",
      "An alert is over.",
    ]);
  });

  it("puts no secret into a message, and the webhook's own into no log and no error", async () => {
    const token = "key-of-the-operator";
    notifier = create({ secrets: [new Secret(token)] });
    store.fails = true;
    webhook.failures = [500, 302, 404];
    const failing = withVault({ failures: 5, lastError: `401 at https://rpc/${token}` });
    for (let n = 0; n < 3; n += 1) await notifier.update(failing);
    await webhook.close();
    await notifier.update(failing);
    const text = String(log.read());
    expect(text).to.include("The webhook answered 500.").and.include("could not be reached");
    for (const secret of [token, WEBHOOK_TOKEN, "/services"]) expect(text).to.not.include(secret);
    expect(webhook.taken).to.deep.equal([]);
    expect(notifier.open[0]!.message).to.include("https://rpc/[secret]");
    store.fails = false;
    await notifier.update(failing);
    expect(store.rows[0]!.message).to.include("https://rpc/[secret]");
    webhook = new WebhookServer();
    await webhook.open();
  });

  it("runs until it is stopped", async () => {
    const stop = new AbortController();
    let looks = 0;
    const status = () => {
      if ((looks += 1) === 3) stop.abort();
      return fleet;
    };
    await notifier.run(status, 0.001, stop.signal);
    expect(looks).to.equal(3);
  });
});

describe("webhook", () => {
  let webhook: WebhookServer;
  beforeEach(async () => {
    webhook = new WebhookServer();
    await webhook.open();
  });
  afterEach(() => webhook.close());

  it("keeps its address to itself where not even a request can be made of it", async () => {
    const deliver = createWebhook({ url: new Secret("http://operator:password@127.0.0.1/hook") });
    const error = await deliver({ text: "" } as AlertMessage).then(() => "delivered", String);
    expect(error)
      .to.match(/could not be reached/)
      .and.not.match(/password@|operator:|hook"/);
    expect(error).to.include("[secret]");
  });

  it("is not waited for longer than its time, and not followed elsewhere", async () => {
    webhook.failures = ["silence", 307];
    const deliver = createWebhook({ url: new Secret(webhook.url), timeout: 50 });
    const message = { text: "" } as AlertMessage;
    const failed = async () => deliver(message).then(() => "delivered", String);
    expect(await failed()).to.match(/^WebhookError: The webhook could not be reached: .*timeout/);
    expect(await failed()).to.match(/^WebhookError: The webhook could not be reached: .*redirect/);
    expect(webhook.tries).to.equal(2);
    expect(await failed()).to.equal("delivered");
  });
});
