/** Tables as files: CSV read and written, files handed to the browser. */

import { make } from "./dom.js";

/** What a text file says: UTF-8, UTF-16 with its mark, else GB 18030, which spreadsheets write in China. */
export async function textOf(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const marks = { "255 254": "utf-16le", "254 255": "utf-16be" };
  const marked = marks[bytes.subarray(0, 2).join(" ")];
  if (marked) return new TextDecoder(marked).decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("gb18030").decode(bytes);
  }
}

/** The cells of CSV text, rows of strings; of a table with tabs when `comma` is one. */
export function rowsOf(text, comma = ",") {
  const rows = [[]];
  const cells = comma === "\t" ? /(?:"((?:[^"]+|"")*)"|([^\t\r\n]*))(\t|\r?\n|$)/g : /(?:"((?:[^"]+|"")*)"|([^,\r\n]*))(,|\r?\n|$)/g;
  for (const [, quoted, plain, end] of text.replace(/^\ufeff/, "").matchAll(cells)) {
    rows.at(-1).push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === "") break;
    if (end !== comma) rows.push([]);
  }
  return rows.filter((row) => row.length > 1 || row[0]);
}

/** Rows as CSV, with the mark by which spreadsheets know UTF-8. */
export const csvOf = (rows) => `\ufeff${rows.map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;

function cell(value) {
  if (value === null || value === undefined) return "";
  const plain = typeof value === "object" ? JSON.stringify(value) : String(value);
  // a spreadsheet would run what begins like a formula
  const safe = typeof value === "string" && /^[=+\-@\t\r\n＝＋－＠]/.test(plain) ? `'${plain}` : plain;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Let the browser keep a file: CSV as a string, anything else as a blob. */
export function save(name, file) {
  const address = URL.createObjectURL(typeof file === "string" ? new Blob([file], { type: "text/csv;charset=utf-8" }) : file);
  const link = make("a", { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000); // after the browser has taken it
}
