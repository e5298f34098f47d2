import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { html, raw } from "hono/html";

import { jsonForScript, type Html } from "./html.ts";

export interface ReportContent {
  readonly title: string;
  readonly body: Html;
  /** What the page's charts are drawn from; null for a page without charts. */
  readonly data: unknown;
}

/**
 * A page that stands alone: its styles, scripts and data are in it. Its policy lets it load nothing, and run no script but
 * its own, by their hashes.
 */
export function reportDocument({ title, body, data }: ReportContent): string {
  const styles = [...(data === null ? [] : [library("uPlot.min.css")]), own("tables.css"), own("page.css")];
  const scripts = [
    ...(data === null ? [] : [`/*\n${licence()}*/\n${library("uPlot.iife.min.js")}`, own("charts.js")]),
    own("tables.js"),
  ];
  const policy = [
    "default-src 'none'",
    `script-src ${scripts.map(hashOf).join(" ")}`,
    `style-src ${styles.map(hashOf).join(" ")}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${raw(policy)}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <title>${title}</title>
        ${styles.map((style) => raw(`<style>${style}</style>\n`))}
      </head>
      <body>
        <main>${body}</main>
        <footer>Made by Keel.</footer>
        ${data === null ? "" : raw(`<script type="application/json" id="data">${jsonForScript(data)}</script>\n`)}${scripts.map((script) => raw(`<script>${script}</script>\n`))}
      </body>
    </html> `;
  return page.toString();
}

function own(name: string): string {
  return textOf(new URL(`page/${name}`, import.meta.url));
}

function library(name: string): string {
  return textOf(createRequire(import.meta.url).resolve(`uplot/dist/${name}`));
}

/** Has to go with every copy of the library. */
function licence(): string {
  return textOf(createRequire(import.meta.url).resolve("uplot/LICENSE"));
}

/** With the line breaks that a browser makes of all before it takes a hash. */
function textOf(file: string | URL): string {
  return readFileSync(file, "utf8").replaceAll("\r\n", "\n");
}

function hashOf(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}
