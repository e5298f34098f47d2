import { Secret } from "../../../keeper/config/secret.ts";
import { silentLog } from "../../../keeper/log/logger.ts";
import { openDatabase } from "../../../keeper/store/database.ts";
import { startJobs } from "../../../keeper/store/jobs.ts";

/** Does the jobs named "chore" until it is killed, and prints which it begins; or begins one and never ends it. */
async function work(hangs: boolean): Promise<void> {
  const { STORE_URL = "", STORE_DIR = "" } = process.env;
  const database = await openDatabase(
    STORE_URL === "" ? { directory: STORE_DIR } : { url: new Secret(STORE_URL) },
  );
  const jobs = await startJobs(database, silentLog);
  await jobs.work<{ n: number }>(
    "chore",
    async ({ n }) => {
      console.log(String(n));
      if (hangs) await new Promise(() => undefined);
    },
    { pollInterval: 0.5, concurrency: 2 },
  );
  console.log("ready");
}

// The test runner loads every file here.
if (process.argv[1] === import.meta.filename) await work(process.argv[2] === "hangs");
