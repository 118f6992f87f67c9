import { t } from "./words.js";

export class ApiError extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

async function answer(request) {
  const response = await request;
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new ApiError(response.status, body.error ?? t("The server answered {status}", { status: response.status }));
  return body;
}

export const get = (path, options) => answer(fetch(path, { cache: "no-store", ...options }));

export const post = (path, body) =>
  answer(fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }));

export function upload(fields) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  return answer(fetch("client/upload", { method: "POST", body: form }));
}

export const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
