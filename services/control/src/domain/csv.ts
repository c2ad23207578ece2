/** Comma-separated values, RFC 4180: lines end with CR LF, fields with a comma, a quote or a line break are quoted. */

export function csvLine(fields: readonly string[]): string {
  return `${fields.map(csvField).join(',')}\r\n`;
}

function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The text of a value in a field: of texts and timestamps the text itself, of everything else its JSON; '' for none. */
export function csvTextOfJson(json: string | undefined): string {
  if (json === undefined) return '';
  return json.startsWith('"') ? (JSON.parse(json) as string) : json;
}
