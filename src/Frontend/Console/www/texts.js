// @ts-check
/** How figures, times and ids are written. */

/** @param {number} value */
export const count = value => value.toLocaleString("en");

/** @param {number | null | undefined} value */
export function bytes(value) {
  if (value === null || value === undefined) return "unknown";
  const power = Math.min(4, Math.floor(Math.log2(Math.max(value, 1)) / 10));
  const scaled = value / 1024 ** power;
  return `${power && scaled < 10 ? scaled.toFixed(1) : Math.round(scaled)} ${["B", "KiB", "MiB", "GiB", "TiB"][power]}`;
}

/** @param {number} ms */
export function duration(ms) {
  if (ms < 1) return `${Number(ms.toFixed(2))} ms`;
  if (ms < 10) return `${Number(ms.toFixed(1))} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${Number((ms / 1_000).toFixed(ms < 10_000 ? 2 : 1))} s`;
  const minutes = Math.round(ms / 60_000);
  if (ms < 3_570_000) return ms % 60_000 < 1_000 ? `${Math.floor(ms / 60_000)} min` : `${Math.floor(ms / 60_000)} min ${Math.floor(ms / 1_000) % 60} s`;
  if (minutes < 48 * 60) return minutes % 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${minutes / 60} h`;
  return `${Math.round(minutes / 1_440)} days`;
}

/** One unit, for "in 23 h" and "5 min ago". @param {number} ms */
export function rough(ms) {
  if (ms < 59_500) return `${Math.max(1, Math.round(ms / 1_000))} s`;
  if (ms < 3_570_000) return `${Math.round(ms / 60_000)} min`;
  if (ms < 48 * 3_570_000) return `${Math.round(ms / 3_600_000)} h`;
  return `${Math.round(ms / 86_400_000)} days`;
}

/** Unix milliseconds. @param {number | string} when Unix milliseconds or RFC 3339 */
export const moment = when => typeof when === "number" ? when : Date.parse(when);

/** @param {number | string} when Unix milliseconds or RFC 3339 */
export const exact = when => new Date(moment(when)).toISOString().replace("T", " ").replace("Z", " UTC");

/** Cut in the middle: sbx_a1b2c3d4…c37b. @param {string} text */
export const cut = text => text.length > 22 ? `${text.slice(0, 12)}…${text.slice(-4)}` : text;

/** A whole sentence. @param {string} text */
export const sentence = text => text ? text[0].toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".") : "";
