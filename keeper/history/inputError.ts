/** What the user gave cannot be used; the message is one line that names the flag, the file or the row at fault. */
export class InputError extends Error {
  override readonly name = "InputError";
}
