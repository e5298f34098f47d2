import type { ChartData } from "../../../keeper/report/chartData.ts";

/** The numbers behind the cells of a row, by what stands at its head. @throws Error when there is no such table. */
export function numbersByRow(page: string, caption: string): Map<string, (number | null)[]> {
  const table = tableOf(page, caption);
  return new Map(
    [...table.matchAll(/<tr[^>]*>\s*<th scope="row"[^>]*>([\s\S]*?)<\/th>([\s\S]*?)<\/tr>/g)].map(
      ([, head, cells]) => [
        textOf(head!),
        [...cells!.matchAll(/<td([^>]*)>/g)].map(([, attributes]) => {
          const value = /data-v="([^"]*)"/.exec(attributes!)?.[1];
          return value === undefined ? null : Number(value);
        }),
      ],
    ),
  );
}

/** The table in the part of a page that is called so. */
export function tableOf(page: string, caption: string): string {
  const from = page.indexOf(`aria-label="${caption}"`);
  if (from < 0) throw new Error(`The page has no ${caption}.`);
  return page.slice(from, page.indexOf("</table>", from));
}

/** What a reader sees of markup. */
export function textOf(markup: string): string {
  const text = markup
    .replaceAll(/<[^>]*>/g, "")
    .replaceAll(/\s+/g, " ")
    .trim();
  const named = { lt: "<", gt: ">", quot: '"', "#39": "'", amp: "&" };
  return text.replaceAll(/&(lt|gt|quot|#39|amp);/g, (_, name: keyof typeof named) => named[name]);
}

/** What the charts of a page are drawn from. */
export function dataOf(page: string): ChartData {
  const [, json] = /<script type="application\/json" id="data">([\s\S]*?)<\/script>/.exec(page)!;
  return JSON.parse(json!) as ChartData;
}
