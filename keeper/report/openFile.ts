import { spawn } from "node:child_process";
import { pathToFileURL } from "node:url";

/** An opener that has not failed by then has opened, or goes on in the foreground. */
const PATIENCE = 2000;

/** Opens a file with what the system opens it with. @returns Whether it could be. */
export function openFile(file: string): Promise<boolean> {
  const [command, ...args] = openerOf(pathToFileURL(file).href);
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: "ignore", detached: true, windowsHide: true });
    const timer = setTimeout(() => {
      resolve(true);
    }, PATIENCE);
    const done = (isOpen: boolean) => {
      clearTimeout(timer);
      resolve(isOpen);
    };
    child.once("error", () => {
      done(false);
    });
    child.once("exit", (code) => {
      done(code === 0);
    });
    child.unref();
  });
}

/** Never a shell, to which a file's name could be a command. */
function openerOf(url: string): [string, ...string[]] {
  if (process.platform === "darwin") return ["open", url];
  if (process.platform === "win32") return ["rundll32.exe", "url.dll,FileProtocolHandler", url];
  return ["xdg-open", url];
}
