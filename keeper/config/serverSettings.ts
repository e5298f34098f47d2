import { z } from "zod";

/** Where the status is served. */
export const serverSchema = z.strictObject({
  /** This machine only, unless told otherwise: whoever reaches it sees what the keeper is about to do. */
  host: z.string().min(1).default("127.0.0.1"),
  /** 0 takes any free one and logs which. */
  port: z.int().min(0).max(65_535),
});
