import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const ADDRESS = /DevTools listening on (ws:\/\/\S+)/;

export interface Look {
  readonly width: number;
  readonly height: number;
  readonly isDark?: boolean;
  readonly isPhone?: boolean;
}

/** A Chromium of this machine, driven through its own protocol. */
export class Browser {
  readonly #process: ChildProcess;
  readonly #profile: string;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  readonly #listeners = new Map<string, (params: Record<string, unknown>) => void>();
  #session: string | undefined;
  #next = 0;
  /** What the page's console, its errors and its refused loads said since the page was opened. */
  complaints: string[] = [];
  /** Addresses the page asked for, its own left out. */
  requests: string[] = [];

  private constructor(process: ChildProcess, profile: string, socket: WebSocket) {
    this.#process = process;
    this.#profile = profile;
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      this.#receive(JSON.parse(String(data)) as Message);
    });
  }

  /** Starts one; skips the test with a message where there is none. */
  static async start(test: Mocha.Context): Promise<Browser> {
    const program = findProgram();
    if (program === null) {
      console.log("      skipped: no Chromium on this machine");
      test.skip();
    }
    const profile = mkdtempSync(join(tmpdir(), "keel-browser-"));
    const args = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0"];
    const child = spawn(program, [...args, `--user-data-dir=${profile}`, "about:blank"], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    const socket = new WebSocket(await addressOf(child));
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve);
      socket.addEventListener("error", () => {
        reject(new Error("The browser does not answer."));
      });
    });
    const browser = new Browser(child, profile, socket);
    const { targetId } = await browser.#send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await browser.#send("Target.attachToTarget", { targetId, flatten: true });
    browser.#session = sessionId as string;
    for (const domain of ["Page", "Runtime", "Log", "Network"]) await browser.#send(`${domain}.enable`);
    return browser;
  }

  /** Opens a file and waits until it has been drawn. */
  async open(file: string, { width, height, isDark = false, isPhone = false }: Look): Promise<void> {
    this.complaints = [];
    this.requests = [];
    const address = pathToFileURL(file).href;
    this.#listeners.set("Runtime.exceptionThrown", (params) => this.complaints.push(JSON.stringify(params)));
    this.#listeners.set("Runtime.consoleAPICalled", (params) => this.complaints.push(JSON.stringify(params)));
    this.#listeners.set("Log.entryAdded", (params) => this.complaints.push(JSON.stringify(params)));
    this.#listeners.set("Network.requestWillBeSent", ({ request }) => {
      const { url } = request as { url: string };
      if (url !== address) this.requests.push(url);
    });
    const features = [{ name: "prefers-color-scheme", value: isDark ? "dark" : "light" }];
    await this.#send("Emulation.setEmulatedMedia", { features });
    const metrics = { width, height, deviceScaleFactor: isPhone ? 2 : 1, mobile: isPhone };
    await this.#send("Emulation.setDeviceMetricsOverride", metrics);
    const loaded = new Promise<void>((resolve) => {
      this.#listeners.set("Page.loadEventFired", () => {
        resolve();
      });
    });
    await this.#send("Page.navigate", { url: address });
    await loaded;
    await this.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 200)))");
  }

  /** The value of an expression in the page, awaited. */
  async evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = await this.#send("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
    return (result as { value?: unknown }).value;
  }

  /** Presses a key, such as `Tab`. */
  async press(key: string): Promise<void> {
    await this.#send("Input.dispatchKeyEvent", { type: "rawKeyDown", key, code: key });
    await this.#send("Input.dispatchKeyEvent", { type: "keyUp", key, code: key });
  }

  /** The page as a PNG: of all its length, or of a part. */
  async screenshot(part?: {
    readonly y: number;
    readonly width: number;
    readonly height: number;
  }): Promise<Buffer> {
    const clip = part === undefined ? {} : { clip: { x: 0, scale: 1, ...part } };
    const { data } = await this.#send("Page.captureScreenshot", { captureBeyondViewport: true, ...clip });
    return Buffer.from(data as string, "base64");
  }

  async close(): Promise<void> {
    const gone = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#socket.close();
    this.#process.kill();
    await gone;
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }

  #send(method: string, params: object = {}): Promise<Record<string, unknown>> {
    const id = (this.#next += 1);
    const { promise, resolve, reject } = deferred();
    this.#waiting.set(id, { resolve, reject });
    this.#socket.send(JSON.stringify({ id, method, params, sessionId: this.#session }));
    return promise as Promise<Record<string, unknown>>;
  }

  #receive({ id, method, params, result, error }: Message): void {
    if (id === undefined) {
      this.#listeners.get(method ?? "")?.(params ?? {});
      return;
    }
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(result);
    else waiting?.reject(new Error(error.message));
  }
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

function deferred() {
  let resolve!: (value: unknown) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<unknown>((onDone, onFailed) => {
    resolve = onDone;
    reject = onFailed;
  });
  return { promise, resolve, reject };
}

function findProgram(): string | null {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return (
    folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find((file) => existsSync(file)) ??
    null
  );
}

function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", () => {
      reject(new Error("The browser ended at once."));
    });
    createInterface(child.stderr!).on("line", (line) => {
      const address = ADDRESS.exec(line)?.[1];
      if (address !== undefined) resolve(address);
    });
  });
}
