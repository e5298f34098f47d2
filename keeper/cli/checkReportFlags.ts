import { InputError } from "../history/inputError.ts";
import { checkApart } from "./checkApart.ts";
import { checkWritable } from "./checkWritable.ts";

/**
 * Says before the work that a report of it could not be written.
 * @throws InputError when it cannot, --json names the same file, or --open has nothing to open.
 */
export function checkReportFlags({
  json,
  report: file,
  open,
}: {
  readonly json?: string;
  readonly report?: string;
  readonly open?: true;
}): void {
  if (file === undefined && open === true) throw new InputError("--open goes with --report");
  checkApart([
    ["--json", json],
    ["--report", file],
  ]);
  checkWritable("--report", file);
}
