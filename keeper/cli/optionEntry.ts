import { z } from "zod";

const positive = z.number().positive();

/** One option as `greeks` takes it. Prices in USD, sigma a fraction, tau in years. */
export const optionEntrySchema = z
  .strictObject({
    type: z.enum(["call", "put"]),
    S: positive,
    strike: positive,
    cap: z.number().nonnegative().optional(),
    sigma: z.number().nonnegative(),
    tau: z.number().nonnegative(),
    forward: positive.optional(),
  })
  .superRefine(({ type, strike, cap }, context) => {
    if (cap === undefined) return;
    if (type === "call" && cap <= strike) {
      context.addIssue({
        code: "custom",
        path: ["cap"],
        message: "The cap of a call must be above its strike",
      });
    }
    if (type === "put" && cap >= strike) {
      context.addIssue({
        code: "custom",
        path: ["cap"],
        message: "The cap of a put is its floor: below its strike",
      });
    }
  });

export type OptionEntry = z.infer<typeof optionEntrySchema>;
