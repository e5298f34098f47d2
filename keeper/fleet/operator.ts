import { z } from "zod";

import { addressSchema } from "../config/schema.ts";
import type { Commands } from "../server/control.ts";
import { activate, pause, resume, type Controls, controls } from "../store/controls.ts";
import type { Database } from "../store/database.ts";
import type { Subject } from "../store/journal.ts";
import { readRecord, type VaultRecord } from "./record.ts";

const subject = z.object({ chainId: z.int().positive(), vault: addressSchema });

const requests = {
  activate: subject.extend({ build: z.string(), account: addressSchema }),
  pause: subject.extend({ reason: z.string() }),
  resume: subject,
  record: z.object({ vaults: z.array(subject) }),
} as const;

type Request<Name extends keyof typeof requests> = z.infer<(typeof requests)[Name]>;

/** What an operator says and asks beside a running keeper. */
export interface Operator {
  activate(request: Request<"activate">): Promise<void>;
  /** @returns Whether it was not paused before. */
  pause(request: Request<"pause">): Promise<boolean>;
  /** @returns Whether it was paused. */
  resume(request: Request<"resume">): Promise<boolean>;
  record(request: Request<"record">): Promise<VaultRecord[]>;
}

/** An operator at the store itself. */
export function operatorOf(database: Database): Operator {
  const pauseOf = async ({ chainId, vault }: Subject): Promise<Controls["pause"]> =>
    (await controls(database, chainId, [vault])).get(vault)?.pause ?? null;
  return {
    activate: (request) => activate(database, request),
    async pause(request) {
      const before = await pauseOf(request);
      await pause(database, request, request.reason);
      return before === null;
    },
    resume: (request) => resume(database, request),
    record: ({ vaults }) => readRecord(database, vaults),
  };
}

/** An operator's commands as another process sends them; what does not fit is refused. */
export function commandsOf(database: Database): Commands {
  const operator = operatorOf(database);
  return {
    activate: async (body) => {
      await operator.activate(requests.activate.parse(body));
      return null;
    },
    pause: async (body) => operator.pause(requests.pause.parse(body)),
    resume: async (body) => operator.resume(requests.resume.parse(body)),
    record: async (body) => operator.record(requests.record.parse(body)),
  };
}

/** An operator at the other end of {@link commandsOf}. @param call Sends a command and gives its answer. */
export function remoteOperator(call: (name: string, body: unknown) => Promise<unknown>): Operator {
  return {
    activate: async (request) => {
      await call("activate", request);
    },
    pause: async (request) => Boolean(await call("pause", request)),
    resume: async (request) => Boolean(await call("resume", request)),
    record: async (request) => (await call("record", request)) as VaultRecord[],
  };
}
